/* step.h - one connection as the plan wants it, and how it ended: what plan.h and thorough.h hand to probe.h, and get
 * back from connection.h.
 */
#ifndef MXG_STEP_H
#define MXG_STEP_H

#include "model/facts.h"
#include "tls/hello.h"
#include "tls/offers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STEP_OFFERED_MAX = 96 };

enum step_kind { STEP_HANDSHAKE, STEP_HELLO };

struct step {
    const char *name; /* static */
    enum step_kind kind;
    enum handshake_offer handshake; /* STEP_HANDSHAKE */
    enum tls_version max;           /* the highest version offered */
    bool plain;                     /* STEP_HELLO: no extensions */
    bool nameless;                  /* no SNI */
    bool small;                     /* in a short hello */
    size_t suite_count, group_count;
    uint16_t suites[HELLO_SUITES_MAX]; /* as offered */
    uint16_t groups[HELLO_GROUPS_MAX];
    char offered[STEP_OFFERED_MAX]; /* the offer in words */
};

/* How a connection ended. */
enum answer_kind {
    ANSWER_SELECTED, /* a ServerHello, SSLv2 SERVER-HELLO or HelloRetryRequest */
    ANSWER_REFUSED,  /* an alert or close_notify: positive evidence */
    ANSWER_CLOSED,   /* EOF right after the hello: soft evidence, needs a control */
    ANSWER_RESET,    /* likewise */
    ANSWER_SILENT,
    ANSWER_MALFORMED,   /* not TLS, or selected what was not offered */
    ANSWER_NO_STARTTLS, /* EHLO does not list it */
    ANSWER_STOPPED,     /* the dialogue never got to the hello: see reason */
};
const char *answer_kind_name(enum answer_kind kind);

enum flag {
    FLAG_STARTTLS_STRIPPED = 1 << 0,  /* the EHLO reply masks the keyword */
    FLAG_EARLY_BYTES = 1 << 1,        /* bytes between the 220 to STARTTLS and our hello */
    FLAG_NO_ESMTP = 1 << 2,           /* EHLO is an unknown command, HELO tried */
    FLAG_INCONSISTENT = 1 << 3,       /* the control failed, or answers contradict each other */
    FLAG_NOT_OFFERED = 1 << 4,        /* the server selected what was not offered */
    FLAG_DOWNGRADE_SENTINEL = 1 << 5, /* only by its sentinel is TLS 1.3 known (RFC 8446 section 4.1.3) */
    FLAG_INTOLERANT = 1 << 6,         /* it answers a hello without extensions only */
    FLAG_WARNED = 1 << 7,             /* a warning alert came before ServerHello (unrecognized_name …) */
    FLAG_SILENT_INSIDE_TLS = 1 << 8,  /* a handshake ended well, and the server had nothing to say inside TLS */
    FLAG_COUNT = 9
};
const char *flag_name(unsigned bit_index); /* "starttls_stripped" … */

struct answer {
    enum answer_kind kind;
    enum reason reason; /* ANSWER_STOPPED, and why the rest stays unknown */
    bool greeted;       /* a 220 greeting arrived */
    bool starttls;      /* EHLO listed STARTTLS */
    bool front;         /* ANSWER_NO_STARTTLS: perhaps not of the mail server, but of a front that greylists */
    unsigned flags;     /* FLAG_… seen on this connection */
    uint16_t version, suite, group;
    uint8_t alert;
    bool alerted;
    unsigned key;       /* SUITE_BY_…: the kind of the certificate's key in TLS 1.3, where no suite says so */
    bool completed;     /* a full handshake succeeded */
    bool whole;         /* the server's flight arrived up to its end, so it went along with the selection */
    bool incompletable; /* a full handshake ended because no part of us can complete what was selected */
    bool unreadable;    /* a full handshake ended because OpenSSL does not read the certificate */
    bool cut;           /* a full handshake ended by EOF or a reset, with no word of the server's */
    bool sentinel;      /* the server random ends in the downgrade sentinel of a server that has TLS 1.3 */
    bool silent_inside; /* the handshake ended well, and nothing was said inside TLS */
};

#endif
