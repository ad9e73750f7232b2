/* smtp_ehlo.c - see smtp_ehlo.h. */
#include "probe/smtp_ehlo.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const KEYWORDS[SMTP_EXTENSION_COUNT] = {
#define X(id, keyword) [SMTP_##id] = (keyword),
    SMTP_EXTENSIONS(X)
#undef X
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A number that is none, or has something behind it, is left out. */
static void take_limit(struct smtp_ehlo *ehlo, const char *parameters) {
    const char *at = parameters + strspn(parameters, " ");
    int64_t limit = 0;
    if (ehlo->has_limit || !is_digit(*at))
        return;
    for (; is_digit(*at); at++)
        limit = limit > (INT64_MAX - (*at - '0')) / 10 ? INT64_MAX : 10 * limit + (*at - '0');
    if (*at != '\0' && *at != ' ')
        return;
    ehlo->has_limit = true;
    ehlo->limit = limit;
}

/* RFC 4422 section 3.1: letters, digits, hyphen and underscore. */
static bool is_mechanism(const char *word, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!isascii((unsigned char)word[i]) || (!isalnum((unsigned char)word[i]) && word[i] != '-' && word[i] != '_'))
            return false;
    return len > 0 && len < SMTP_MECHANISM_CAP;
}

static void add_mechanism(struct smtp_ehlo *ehlo, const char *word, size_t len) {
    if (!is_mechanism(word, len) || ehlo->mechanism_count == SMTP_MECHANISMS_MAX)
        return;
    char *mechanism = ehlo->mechanism[ehlo->mechanism_count];
    for (size_t i = 0; i < len; i++)
        mechanism[i] = (char)toupper((unsigned char)word[i]);
    mechanism[len] = '\0';
    for (size_t i = 0; i < ehlo->mechanism_count; i++)
        if (strcmp(ehlo->mechanism[i], mechanism) == 0)
            return;
    ehlo->mechanism_count++;
}

static void take_mechanisms(struct smtp_ehlo *ehlo, const char *parameters) {
    for (size_t len; *parameters; parameters += len + (parameters[len] != '\0')) {
        len = strcspn(parameters, " ");
        add_mechanism(ehlo, parameters, len);
    }
}

static void (*const TAKE[SMTP_EXTENSION_COUNT])(struct smtp_ehlo *ehlo, const char *parameters) = {
    [SMTP_AUTH] = take_mechanisms,
    [SMTP_SIZE] = take_limit,
};

/* May that stand behind the keyword? */
static bool ends_keyword(enum smtp_extension extension, char c) {
    return c == '\0' || c == ' ' || (c == '=' && extension == SMTP_AUTH);
}

static void take_line(struct smtp_ehlo *ehlo, const char *line) {
    if (strncmp(line, "XXXXXXX", 7) == 0)
        ehlo->masked = true;
    for (unsigned i = 0; i < SMTP_EXTENSION_COUNT; i++) {
        size_t len = strlen(KEYWORDS[i]);
        if (strncasecmp(line, KEYWORDS[i], len) != 0 || !ends_keyword((enum smtp_extension)i, line[len]))
            continue;
        ehlo->listed |= 1u << i;
        if (TAKE[i] && line[len] != '\0')
            TAKE[i](ehlo, line + len + 1);
    }
}

void smtp_ehlo_parse(struct smtp_ehlo *ehlo, const struct smtp_reply *reply) {
    memset(ehlo, 0, sizeof *ehlo);
    const char *line = reply->text;
    for (size_t i = 0; i < reply->line_count; i++, line += strlen(line) + 1)
        if (i > 0)
            take_line(ehlo, line);
}

bool smtp_named_host(char out[static NAME_CAP], const struct smtp_reply *reply) {
    const char *line = reply->line_count ? smtp_reply_line(reply, 0) : "";
    line += strspn(line, " ");
    size_t len = strcspn(line, " ");
    char word[NAME_CAP + 1]; /* with its trailing dot */
    size_t used = text_sanitise(word, sizeof word, line, len);
    if (used == len && name_from_dns(out, word) == NAME_OK)
        return strchr(out, '_') == NULL;
    text_sanitise(out, NAME_CAP, word, strlen(word));
    for (char *at = out; *at; at++)
        if (isascii((unsigned char)*at))
            *at = (char)tolower((unsigned char)*at);
    return false;
}
