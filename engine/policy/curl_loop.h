/* curl_loop.h - libcurl's transfers in the event loop: any number of easy handles at once, a connection for each. */
#ifndef MXG_CURL_LOOP_H
#define MXG_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

struct curl_loop;

/* A transfer has ended by itself, well or not. The easy handle is still in the loop. CURLINFO_PRIVATE tells whose it
 * is. Never called from within a callback of libcurl's. */
typedef void curl_loop_cb(CURL *easy, CURLcode code);

/* NULL: libcurl could not start; *error (static text) says why. loop: borrowed. */
__attribute__((warn_unused_result)) struct curl_loop *curl_loop_new(uv_loop_t *loop, curl_loop_cb *on_done,
                                                                    const char **error);
/* No easy handle may be in it. The loop must run once more to release its handles. *curl_loop becomes NULL. */
void curl_loop_free(struct curl_loop **curl_loop);

/* Starts the transfer; nothing is called back from within this call. The easy handle stays the caller's. */
__attribute__((warn_unused_result)) bool curl_loop_add(struct curl_loop *curl_loop, CURL *easy);
/* Ends the transfer, if it has not ended, and closes its socket; does nothing if it was not added. Not to be called
 * from within a callback of libcurl's. */
void curl_loop_remove(struct curl_loop *curl_loop, CURL *easy);

#endif
