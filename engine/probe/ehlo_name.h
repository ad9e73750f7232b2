/* ehlo_name.h - who we are in EHLO. Many servers refuse a name without a dot (501, 504, 550), and then nothing is
 * learnt of their TLS. */
#ifndef MXG_EHLO_NAME_H
#define MXG_EHLO_NAME_H

#include <stdbool.h>

/* This host's fully qualified name as far as the host knows it; else its bare name, else "localhost": never empty,
 * which servers hang up on. It may ask DNS, and is looked up once. Static. */
const char *ehlo_name_of_host(void);

/* Has it a dot, or is it an address literal? */
bool ehlo_name_is_qualified(const char *name);

#endif
