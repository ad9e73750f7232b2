/* utf16.c - see utf16.h. */
#include "utf16.h"

#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd };

static bool is_high(uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
static bool is_low(uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

static size_t take_unit(struct utf16 *state, char *out, uint32_t unit) {
    size_t used = 0;
    uint32_t high = state->surrogate;
    state->surrogate = 0;
    if (high && is_low(unit))
        return utf8_encode(out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
    if (high)
        used = utf8_encode(out, REPLACEMENT);
    if (is_high(unit))
        state->surrogate = (uint16_t)unit;
    else
        used += utf8_encode(out + used, is_low(unit) ? REPLACEMENT : unit);
    return used;
}

size_t utf16_to_utf8(struct utf16 *state, char *out, const uint8_t *in, size_t len) {
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        if (!state->has_half) {
            state->half = in[i];
            state->has_half = true;
            continue;
        }
        state->has_half = false;
        unsigned high = state->big_endian ? state->half : in[i], low = state->big_endian ? in[i] : state->half;
        used += take_unit(state, out + used, high << 8 | low);
    }
    return used;
}
