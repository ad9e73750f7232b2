/* bench.h - what the benchmark's clients share: where they connect to, and what they have used. */
#ifndef MXG_BENCH_H
#define MXG_BENCH_H

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* The nth address of a profile, 127.PROFILE.x.y: many, so that no pair of addresses runs out of ports. */
static inline struct sockaddr_in bench_address(unsigned profile, uint16_t port, size_t n) {
    enum { HOSTS = 250 };
    uint32_t host = (uint32_t)(n / HOSTS % HOSTS << 8 | (1 + n % HOSTS));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(UINT32_C(127) << 24 | profile << 16 | host);
    return address;
}

/* Processor time of this process so far, user and system, in microseconds. */
static inline double bench_cpu_us(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static inline double bench_wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* A positive number of the command line, or the end of the program. */
static inline unsigned long bench_number(const char *text) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number == 0)
        exit(2);
    return number;
}

#endif
