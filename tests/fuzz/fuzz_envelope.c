// link: mxg_bus
/* fuzz_envelope.c - the input is a frame from the bus. What bus_parse() takes can be packed again, and what was packed
 * is parsed to the same. Unknown fields are dropped first: mxgrade ignores them, and protobuf-c keeps some that no
 * parser takes back (field number 0).
 */
#include "bus/bus.h"
#include "fuzz.h"

#include <string.h>

static void drop_unknown(ProtobufCMessage *message);

static void drop_unknown_inside(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    char *at = (char *)message + field->offset;
    const void *quantifier = (const char *)message + field->quantifier_offset;
    bool one_of = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        for (size_t i = 0; i < *(const size_t *)quantifier; i++)
            drop_unknown((*(ProtobufCMessage ***)(void *)at)[i]);
    } else if (!one_of || *(const uint32_t *)quantifier == field->id) {
        drop_unknown(*(ProtobufCMessage **)(void *)at);
    }
}

static void drop_unknown(ProtobufCMessage *message) {
    if (message == NULL)
        return;
    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        free(message->unknown_fields[i].data);
    free(message->unknown_fields);
    message->unknown_fields = NULL;
    message->n_unknown_fields = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (message->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            drop_unknown_inside(message, &message->descriptor->fields[i]);
}

static uint8_t *packed(const Mxgrade__Envelope *envelope, size_t *len) {
    *len = mxgrade__envelope__get_packed_size(envelope);
    uint8_t *out = malloc(*len + 1); /* no larger, for the sanitizer to watch */
    CHECK(mxgrade__envelope__pack(envelope, out) == *len);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Mxgrade__Envelope *envelope = bus_parse(data, size);
    if (envelope == NULL)
        return 0;
    size_t len, len_again;
    drop_unknown(&envelope->base);
    uint8_t *once = packed(envelope, &len);
    Mxgrade__Envelope *again = bus_parse(once, len);
    CHECK(again != NULL && again->version == envelope->version && again->body_case == envelope->body_case);
    uint8_t *twice = packed(again, &len_again);
    CHECK(len == len_again && memcmp(once, twice, len) == 0);
    mxgrade__envelope__free_unpacked(again, NULL);
    mxgrade__envelope__free_unpacked(envelope, NULL);
    free(once);
    free(twice);
    return 0;
}
