// link: mxg_probe
/* fuzz_smtp.c - the input is what a server sends, one reply behind another. However it is cut into pieces, the same
 * replies are found at the same places, their lines are clean text, and every bound holds. To get at the bounds with
 * small inputs, SOH, an octet and a count stand for that octet many times. What a reply says as one to EHLO is bounded
 * and clean too, and says of an extension what its lines say.
 */
#include "base/text.h"
#include "fuzz.h"
#include "probe/smtp.h"
#include "probe/smtp_ehlo.h"

#include <string.h>
#include <strings.h>

enum { PIECE_MAX = 16, REPEAT = 1, REPEAT_UNIT = 16, STREAM_MAX = 2 * SMTP_REPLY_MAX };

/* Octets used up to the end of the first reply; pieces as long as the octets they begin with say. */
static size_t read_pieces(struct smtp_reply *reply, const uint8_t *data, size_t size) {
    size_t at = 0, used = 1;
    smtp_reply_init(reply);
    while (at < size && reply->state == SMTP_MORE) {
        size_t piece = 1 + data[at] % PIECE_MAX;
        piece = piece < size - at ? piece : size - at;
        used = smtp_reply_feed(reply, data + at, piece);
        CHECK(used <= piece && (used == piece || reply->state != SMTP_MORE));
        at += used;
    }
    return at;
}

static bool has_line(const struct smtp_reply *reply, const char *keyword) {
    for (size_t i = 1; i < reply->line_count; i++)
        if (strcasecmp(smtp_reply_line(reply, i), keyword) == 0)
            return true;
    return false;
}

static void check_ehlo(const struct smtp_reply *reply) {
    static const char *const keywords[] = {
#define X(id, keyword) [SMTP_##id] = (keyword),
        SMTP_EXTENSIONS(X)
#undef X
    };
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    struct smtp_ehlo ehlo;
    smtp_ehlo_parse(&ehlo, reply);
    CHECK(ehlo.listed < 1u << SMTP_EXTENSION_COUNT && ehlo.mechanism_count <= SMTP_MECHANISMS_MAX);
    for (unsigned i = 0; i < SMTP_EXTENSION_COUNT; i++)
        CHECK(smtp_ehlo_lists(&ehlo, (enum smtp_extension)i) || !has_line(reply, keywords[i]));
    CHECK(ehlo.limit >= 0 && (!ehlo.has_limit || smtp_ehlo_lists(&ehlo, SMTP_SIZE)));
    CHECK(ehlo.mechanism_count == 0 || smtp_ehlo_lists(&ehlo, SMTP_AUTH));
    for (size_t i = 0; i < ehlo.mechanism_count; i++) {
        size_t len = strlen(ehlo.mechanism[i]);
        CHECK(len > 0 && len < SMTP_MECHANISM_CAP && strspn(ehlo.mechanism[i], letters) == len);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(ehlo.mechanism[i], ehlo.mechanism[k]) != 0);
    }
}

static void check_named_host(const struct smtp_reply *reply) {
    char name[NAME_CAP], again[NAME_CAP];
    bool is_host = smtp_named_host(name, reply);
    CHECK(strlen(name) < NAME_CAP && text_is_clean(name, strlen(name)));
    CHECK(!is_host || (name_from_dns(again, name) == NAME_OK && strcmp(name, again) == 0 && strchr(name, '_') == NULL));
}

static void check_reply(const struct smtp_reply *reply) {
    CHECK((reply->state == SMTP_BAD) == (reply->error != NULL));
    CHECK(reply->line_count <= SMTP_LINES_MAX && (reply->line_count > 0) == (reply->code != 0));
    CHECK(reply->state != SMTP_REPLY || (reply->line_count > 0 && reply->code >= 200 && reply->code <= 599));
    size_t octets = 0, longest = 4 * SMTP_LINE_MAX; /* every octet may be escaped */
    for (size_t i = 0; i < reply->line_count; i++) {
        const char *line = smtp_reply_line(reply, i);
        size_t len = strlen(line);
        CHECK(text_is_clean(line, len) && len <= longest);
        octets += len + 1;
    }
    CHECK(octets == reply->text_len && octets <= 4 * SMTP_REPLY_MAX);
    CHECK(smtp_reply_line(reply, reply->line_count) == NULL);
    check_ehlo(reply);
    check_named_host(reply);
}

static void check_same(const struct smtp_reply *a, const struct smtp_reply *b) {
    CHECK(a->state == b->state && a->code == b->code && a->line_count == b->line_count);
    CHECK(a->text_len == b->text_len && (a->text_len == 0 || memcmp(a->text, b->text, a->text_len) == 0));
}

/* The stream that the input stands for. */
static uint8_t *expanded(const uint8_t *data, size_t size, size_t *len) {
    uint8_t *out = malloc(STREAM_MAX);
    *len = 0;
    for (size_t at = 0; at < size; at++) {
        bool repeat = data[at] == REPEAT && size - at > 2;
        size_t count = repeat ? (size_t)REPEAT_UNIT * data[at + 2] : 1;
        if (count > STREAM_MAX - *len)
            break;
        memset(out + *len, repeat ? data[at + 1] : data[at], count);
        *len += count;
        at += repeat ? 2 : 0;
    }
    return out;
}

static void check_stream(const uint8_t *data, size_t size) {
    enum smtp_state state = SMTP_REPLY;
    for (size_t at = 0; at < size && state == SMTP_REPLY;) {
        struct smtp_reply whole, pieces;
        smtp_reply_init(&whole);
        size_t used = smtp_reply_feed(&whole, data + at, size - at);
        size_t used_in_pieces = read_pieces(&pieces, data + at, size - at);
        CHECK(used <= size - at);
        check_reply(&whole);
        check_same(&whole, &pieces);
        CHECK(whole.state == SMTP_BAD || used == used_in_pieces);
        CHECK(whole.state != SMTP_MORE || used == size - at);
        state = whole.state;
        at += used;
        smtp_reply_free(&whole);
        smtp_reply_free(&pieces);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t len;
    uint8_t *stream = expanded(data, size, &len);
    uint8_t *exact = malloc(len + 1); /* no larger, for the sanitizer to watch */
    memcpy(exact, stream, len);
    check_stream(exact, len);
    free(exact);
    free(stream);
    return 0;
}
