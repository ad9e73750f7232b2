// link: mxg_bus
/* test_bus_parse.c - frames from the bus: what is taken, and what one may cost. */
#include "bus/bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAME = 8 << 20 }; /* the largest that the bus receives */

/* An envelope whose body, field number of that type, holds unit again and again up to size octets. */
static uint8_t *repeated(unsigned field, const void *unit, size_t unit_len, size_t size) {
    uint8_t *frame = malloc(size), head[] = {8, 1, (uint8_t)(field << 3 | 2), 0, 0, 0, 0};
    size_t body = size - sizeof head;
    assert_non_null(frame);
    for (unsigned i = 0; i < 4; i++)
        head[3 + i] = (uint8_t)((body >> 7 * i & 0x7F) | (i < 3 ? 0x80u : 0));
    memcpy(frame, head, sizeof head);
    for (size_t at = sizeof head; at < size; at += unit_len)
        memcpy(frame + at, unit, size - at < unit_len ? size - at : unit_len);
    return frame;
}

static void an_ordinary_message_is_taken(void **state) {
    uint8_t *frame = repeated(8, "\x22\x00", 2, 7 + 2 * 1000); /* a thousand empty results */
    (void)state;
    Mxgrade__Envelope *envelope = bus_parse(frame, 7 + 2 * 1000);
    assert_non_null(envelope);
    assert_int_equal(envelope->body_case, MXGRADE__ENVELOPE__BODY_RESULTS);
    assert_int_equal(envelope->results->n_result, 1000);
    mxgrade__envelope__free_unpacked(envelope, NULL);
    free(frame);
}

static void a_small_frame_does_not_become_a_large_message(void **state) {
    static const struct {
        unsigned field;
        const char *unit;
        size_t len;
    } bombs[] = {
        {8, "\x22\x00", 2},                 /* results { result {} … } */
        {8, "\x22\x04\x3a\x00\x3a\x00", 6}, /* results { result { fact {} fact {} } … } */
        {8, "\x2a\x00", 2},                 /* results { certificate {} … } */
        {5, "\x0a\x02\x2a\x00", 4},         /* jobs { probe { name: "" } … } */
        {11, "\x08\x00", 2},                /* heartbeat { an unknown field … } */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        size_t size = FRAME - (FRAME - 7) % bombs[i].len;
        uint8_t *frame = repeated(bombs[i].field, bombs[i].unit, bombs[i].len, size);
        assert_null(bus_parse(frame, size));
        free(frame);
    }
}

static void noise_is_no_message(void **state) {
    (void)state;
    assert_null(bus_parse("220 mx.example ESMTP", 20));
    assert_null(bus_parse("\x08", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_message_is_taken),
        cmocka_unit_test(a_small_frame_does_not_become_a_large_message),
        cmocka_unit_test(noise_is_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
