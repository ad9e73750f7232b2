// link: mxg_names
/* fuzz_name.c - the input is a line of a list, and a name from DNS. What is taken is a domain name by its own rules, is
 * taken again unchanged, and comes back from its Unicode form; what is refused leaves nothing behind that a terminal or
 * a database could choke on.
 */
#include "base/text.h"
#include "fuzz.h"
#include "names/name.h"
#include "names/reason.h"

#include <ctype.h>
#include <string.h>

/* RFC 1035 section 2.3.4 and name.h, told the other way round. */
static bool is_domain(const char *name) {
    size_t len = strlen(name), label = 0, labels = 1;
    for (size_t i = 0; i < len; i++) {
        bool edge = i == 0 || name[i - 1] == '.' || name[i + 1] == '.' || name[i + 1] == '\0';
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-.", name[i]) == NULL || (edge && name[i] == '-'))
            return false;
        if (name[i] == '.' && (label == 0 || i + 1 == len))
            return false;
        label = name[i] == '.' ? 0 : label + 1;
        labels += name[i] == '.';
        if (label > 63)
            return false;
    }
    const char *last = strrchr(name, '.');
    return len <= NAME_MAX_OCTETS && labels >= 2 && last && last[1 + strspn(last + 1, "0123456789")] != '\0';
}

static void check_taken(const char *name) {
    char again[NAME_CAP], upper[NAME_CAP], unicode[4 * NAME_CAP], small[8];
    CHECK(is_domain(name));
    CHECK(name_from_line(again, name, strlen(name)) == NAME_OK && strcmp(again, name) == 0);
    CHECK(name_from_dns(again, name) == NAME_OK && strcmp(again, name) == 0);
    for (size_t i = 0; i <= strlen(name); i++)
        upper[i] = (char)toupper((unsigned char)name[i]);
    CHECK(name_from_line(again, upper, strlen(upper)) == NAME_OK && strcmp(again, name) == 0);
    name_to_unicode(unicode, sizeof unicode, name);
    CHECK(text_is_clean(unicode, strlen(unicode)));
    CHECK(name_from_line(again, unicode, strlen(unicode)) == NAME_OK && strcmp(again, name) == 0);
    name_to_unicode(small, sizeof small, name);
    CHECK(text_is_clean(small, strlen(small)));
}

static void check_line(const char *line, size_t len) {
    char name[NAME_CAP];
    enum name_error error = name_from_line(name, line, len);
    CHECK((unsigned)error < NAME_ERROR_COUNT && (error == NAME_OK) == (*name_error_text(error) == '\0'));
    CHECK((error == NAME_OK) == (*name != '\0'));
    char reason[NAME_REASON_CAP];
    name_reason(reason, error, line, len);
    CHECK((error == NAME_OK) == (*reason == '\0') && text_is_clean(reason, strlen(reason)));
    if (error == NAME_OK)
        check_taken(name);
}

static void check_dns(const char *text) {
    char name[NAME_CAP];
    enum name_error error = name_from_dns(name, text);
    size_t len = strlen(name);
    CHECK(len <= NAME_MAX_OCTETS && text_is_clean(name, len));
    CHECK(len == 0 || error == NAME_OK || error == NAME_SINGLE_LABEL || error == NAME_ADDRESS);
    CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.:") == len);
    if (error == NAME_OK)
        check_taken(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_line((const char *)data, size);
    check_dns(text);
    free(text);
    return 0;
}
