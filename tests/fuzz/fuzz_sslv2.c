// link: mxg_tls
/* fuzz_sslv2.c - the input answers an SSL 2.0 hello: an SSL 2.0 message, or a TLS alert of a server that knows no SSL
 * 2.0. As flight_check.h; and a certificate comes out framed as TLS would frame it.
 */
#include "flight_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *list;
    size_t len = 0;
    check_flight(data, size, VERSION_SSLV2);
    struct flight flight = flight_of(data, size, VERSION_SSLV2, size + 1);
    if (flight.version == VERSION_SSLV2 && flight_certificates(&flight, &list, &len))
        CHECK(len > 6 && number24(list) == len - 3 && number24(list + 3) == len - 6);
    flight_free(&flight);
    return 0;
}
