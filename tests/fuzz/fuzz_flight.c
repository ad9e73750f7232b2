// link: mxg_tls
/* fuzz_flight.c - the input answers a hello of SSL 3.0 to TLS 1.3. See flight_check.h. */
#include "flight_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_flight(data, size, VERSION_TLS1_2);
    return 0;
}
