// link: mxg_published
/* fuzz_tlsrpt.c - the input is, line by line, the TXT records of a domain. Where a record is valid, what it lists is
 * clean URIs without the characters that RFC 8460 wants encoded, and a record of just those is valid too, with the same
 * list.
 */
#include "base/text.h"
#include "fuzz.h"
#include "published/tlsrpt.h"

#include <string.h>
#include <strings.h>

enum { RECORDS_MAX = 8, WRITTEN_CAP = TLSRPT_RUA_MAX * (TLSRPT_RUA_MAX_OCTETS + 1) + 32 };

static void check_uri(const char *uri) {
    size_t len = strlen(uri);
    CHECK(strncasecmp(uri, "mailto:", 7) == 0 || strncasecmp(uri, "https://", 8) == 0);
    CHECK(len <= TLSRPT_RUA_MAX_OCTETS && text_is_clean(uri, len) && strpbrk(uri, " \t,;!\"<>\\^`{|}") == NULL);
}

static void check_again(const struct tlsrpt_record *record) {
    char text[WRITTEN_CAP] = "v=TLSRPTv1; rua=";
    for (size_t i = 0; i < record->rua_count; i++) {
        if (strlen(record->rua[i]) == TLSRPT_RUA_MAX_OCTETS) /* perhaps cut in the middle of something */
            return;
        strcat(text, i ? "," : "");
        strcat(text, record->rua[i]);
    }
    struct txt written = {(const uint8_t *)text, strlen(text)};
    struct tlsrpt_record again = tlsrpt_record_parse(&written, 1);
    CHECK(again.status == TLSRPT_VALID && again.rua_total == record->rua_count);
    for (size_t i = 0; i < again.rua_count; i++)
        CHECK(strcmp(again.rua[i], record->rua[i]) == 0);
    tlsrpt_record_free(&again);
}

/* "v=TLSRPTv1", blanks or none, a semicolon. */
static bool begins(struct txt record) {
    static const char version[] = "v=TLSRPTv1";
    size_t at = sizeof version - 1;
    if (record.len < at || memcmp(record.data, version, at) != 0)
        return false;
    while (at < record.len && (record.data[at] == ' ' || record.data[at] == '\t'))
        at++;
    return at < record.len && record.data[at] == ';';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct txt records[RECORDS_MAX], rest = {data, size};
    size_t count = 0, begun = 0;
    for (; rest.len && count < RECORDS_MAX; count++) {
        records[count] = txt_cut(&rest, '\n');
        begun += begins(records[count]);
    }
    struct tlsrpt_record record = tlsrpt_record_parse(records, count);
    CHECK((record.status == TLSRPT_NONE) == (begun == 0));
    CHECK((record.why == TLSRPT_WHY_SEVERAL_RECORDS) == (begun > 1));
    CHECK((record.status == TLSRPT_INVALID) == (record.why != TLSRPT_WHY_NONE));
    CHECK((record.status == TLSRPT_VALID) == (record.rua_count > 0));
    CHECK(record.rua_count <= TLSRPT_RUA_MAX && record.rua_count <= record.rua_total);
    for (size_t i = 0; i < record.rua_count; i++)
        check_uri(record.rua[i]);
    if (record.status == TLSRPT_VALID)
        check_again(&record);
    tlsrpt_record_free(&record);
    return 0;
}
