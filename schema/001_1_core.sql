-- Schema 1, core: surveys and what is learnt in them. Names and CAA are in 001_2_names.sql, MTA-STS policies in 001_2_policies.sql, how surveys
-- come and go in 001_3_surveys.sql, what people query in 001_3_views.sql, rights in 001_4_roles.sql. "-- each fact": a line a fact, see cmake/embed_sql.awk.
--
-- Data flows one way: submitted_line -> domain -> mx_set -> exchange -> endpoint. Natural keys (names,
-- addresses, hashes) let every program write set-based, without asking for ids first. Tables that
-- grow with a list are LIST-partitioned by survey: dropping a survey drops partitions.

CREATE TYPE mxgrade.tri AS ENUM ('unknown', 'no', 'yes');
COMMENT ON TYPE mxgrade.tri IS 'A fact: yes and no need an answer from the server; everything else is unknown';

CREATE TYPE mxgrade.survey_state AS ENUM ('submitted', 'running', 'grading', 'complete', 'cancelled');
COMMENT ON TYPE mxgrade.survey_state IS 'submitted: list stored; running: resolving and probing; grading: all probed, final grades under way; complete; cancelled';

CREATE TYPE mxgrade.mx_status AS ENUM
    ('pending', 'mx', 'implicit', 'null_mx', 'no_mail_host', 'nxdomain', 'servfail', 'timeout', 'refused_by_policy');
COMMENT ON TYPE mxgrade.mx_status IS 'What the MX lookup of a domain ended with; servfail and timeout are unknown, never "no MX"; refused_by_policy: blocklisted, not looked up';

CREATE TYPE mxgrade.dns_status AS ENUM
    ('pending', 'ok', 'nodata', 'nxdomain', 'servfail', 'timeout', 'invalid', 'refused_by_policy');
COMMENT ON TYPE mxgrade.dns_status IS 'What the address lookups of an exchange ended with; invalid: the MX target is an IP literal, a single label or no host name; refused_by_policy: blocklisted, not looked up';

CREATE TYPE mxgrade.dnssec AS ENUM ('unknown', 'unchecked', 'insecure', 'secure', 'bogus');
COMMENT ON TYPE mxgrade.dnssec IS 'What a validating resolver says of an answer. unknown: there was none; unchecked: the resolver does not validate, or the path to it is not trusted; bogus: it fails, and without validation there is an answer';

CREATE TYPE mxgrade.record_status AS ENUM ('pending', 'not_asked', 'none', 'valid', 'invalid', 'unknown');
COMMENT ON TYPE mxgrade.record_status IS 'A TXT record. not_asked: the domain takes no mail; unknown: no answer from DNS';

CREATE TYPE mxgrade.tlsa_status AS ENUM ('pending', 'not_asked', 'none', 'insecure', 'secure', 'bogus', 'unknown');
COMMENT ON TYPE mxgrade.tlsa_status IS 'TLSA records of an exchange. not_asked: its addresses are not secure, so DANE does not apply (RFC 7672 section 2.2); insecure: an answer without DNSSEC, which counts for nothing';

CREATE TYPE mxgrade.dane_match AS ENUM ('not_asked', 'match', 'mismatch', 'unusable', 'other_name');
COMMENT ON TYPE mxgrade.dane_match IS 'How TLSA records and the chain shown agree. other_name: a trust anchor (usage 2) matches, but the leaf does not name the exchange; it may name the domain';

CREATE TYPE mxgrade.grade AS ENUM ('A+', 'A', 'A-', 'B+', 'B', 'B-', 'C+', 'C', 'C-', 'D', 'F');
COMMENT ON TYPE mxgrade.grade IS 'Grades, best first: the greatest value is the worst grade';

CREATE TABLE mxgrade.survey (
    survey_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL,
    state         mxgrade.survey_state NOT NULL DEFAULT 'submitted',
    policy        text NOT NULL DEFAULT '1',
    max_attempts  integer NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 100),
    retry_delay   interval NOT NULL DEFAULT '10 minutes' CHECK (retry_delay >= '0 s'),
    lines         bigint NOT NULL DEFAULT 0,
    intake_line   bigint NOT NULL DEFAULT 0,
    submitted_at  timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    completed_at  timestamptz
);
COMMENT ON TABLE mxgrade.survey IS 'One submitted list, scanned once';
COMMENT ON COLUMN mxgrade.survey.survey_id IS 'Number of the survey, printed by mxgrade submit';
COMMENT ON COLUMN mxgrade.survey.name IS 'The submitter''s name for it';
COMMENT ON COLUMN mxgrade.survey.state IS 'How far the survey is';
COMMENT ON COLUMN mxgrade.survey.policy IS 'Version of the grading policy (docs/grading.md section 5)';
COMMENT ON COLUMN mxgrade.survey.max_attempts IS 'How often a lookup or an endpoint that gave no answer is tried in all';
COMMENT ON COLUMN mxgrade.survey.retry_delay IS 'Wait before the second attempt; doubles with each further one';
COMMENT ON COLUMN mxgrade.survey.lines IS 'Lines in the submitted list';
COMMENT ON COLUMN mxgrade.survey.intake_line IS 'The coordinator has taken in the lines up to this one';
COMMENT ON COLUMN mxgrade.survey.submitted_at IS 'When the list was stored';
COMMENT ON COLUMN mxgrade.survey.started_at IS 'When a coordinator first took it up';
COMMENT ON COLUMN mxgrade.survey.completed_at IS 'When its final grades were stored';

CREATE TABLE mxgrade.submitted_line (
    survey_id  integer NOT NULL,
    line_no    bigint NOT NULL,
    input      text NOT NULL,
    name       text CHECK (name !~ '[^a-z0-9_.-]|^[.]|[.][.]|[.]$' AND name LIKE '%.%' AND length(name) <= 253),
    rank       bigint,
    rejected   text,
    PRIMARY KEY (survey_id, line_no),
    CHECK ((name IS NULL) <> (rejected IS NULL))
) PARTITION BY LIST (survey_id);
CREATE INDEX submitted_line_rejected ON mxgrade.submitted_line (survey_id, line_no) WHERE rejected IS NOT NULL;
COMMENT ON TABLE mxgrade.submitted_line IS 'Every line of the list as submitted. A line with a name is a duplicate when domain.first_line of that name is another line';
COMMENT ON COLUMN mxgrade.submitted_line.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.submitted_line.line_no IS 'Line number in the list, from 1';
COMMENT ON COLUMN mxgrade.submitted_line.input IS 'The line, control and invalid bytes escaped, cut at 1,024 octets';
COMMENT ON COLUMN mxgrade.submitted_line.name IS 'The domain in A-label form, or null if the line was rejected';
COMMENT ON COLUMN mxgrade.submitted_line.rank IS 'Rank given with the domain (Tranco-like CSV)';
COMMENT ON COLUMN mxgrade.submitted_line.rejected IS 'Why the line is no domain';

CREATE TABLE mxgrade.domain (
    survey_id         integer NOT NULL,
    name              text NOT NULL,
    first_line        bigint NOT NULL,
    rank              bigint,
    mx_status         mxgrade.mx_status NOT NULL DEFAULT 'pending',
    mx_set            uuid,
    dnssec            mxgrade.dnssec NOT NULL DEFAULT 'unknown',
    alias_of          text,
    flags             text[] NOT NULL DEFAULT '{}',
    sts_record        mxgrade.record_status NOT NULL DEFAULT 'pending',
    sts_id            text,
    sts_why           text,
    tlsrpt            mxgrade.record_status NOT NULL DEFAULT 'pending',
    tlsrpt_rua        text[],
    tlsrpt_why        text,
    resolve_attempts  integer NOT NULL DEFAULT 0,
    next_resolve_at   timestamptz DEFAULT now(),
    resolved_at       timestamptz,
    PRIMARY KEY (survey_id, name)
) PARTITION BY LIST (survey_id);
CREATE INDEX domain_pending ON mxgrade.domain (survey_id, first_line) WHERE next_resolve_at IS NOT NULL;
CREATE INDEX domain_mx_set ON mxgrade.domain (survey_id, mx_set);
COMMENT ON TABLE mxgrade.domain IS 'The distinct domains of a survey and what DNS says of their mail service';
COMMENT ON COLUMN mxgrade.domain.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.domain.name IS 'The domain, A-label form';
COMMENT ON COLUMN mxgrade.domain.first_line IS 'The line that submitted it first';
COMMENT ON COLUMN mxgrade.domain.rank IS 'Rank given with that line';
COMMENT ON COLUMN mxgrade.domain.mx_status IS 'How its mail hosts were found';
COMMENT ON COLUMN mxgrade.domain.mx_set IS 'Its MX set; null while pending and where there is none';
COMMENT ON COLUMN mxgrade.domain.dnssec IS 'DNSSEC of its MX answer, or of the denial that makes its MX implicit';
COMMENT ON COLUMN mxgrade.domain.alias_of IS 'What its name is an alias (CNAME) of; null if it is none';
COMMENT ON COLUMN mxgrade.domain.flags IS 'Oddities: cname, null_mx_with_others, mx_capped, duplicate_mx';
COMMENT ON COLUMN mxgrade.domain.sts_record IS 'The TXT record _mta-sts.NAME (RFC 8461 section 3.1)';
COMMENT ON COLUMN mxgrade.domain.sts_id IS 'Its id';
COMMENT ON COLUMN mxgrade.domain.sts_why IS 'Why it is invalid or unknown';
COMMENT ON COLUMN mxgrade.domain.tlsrpt IS 'The TXT record _smtp._tls.NAME (RFC 8460 section 3)';
COMMENT ON COLUMN mxgrade.domain.tlsrpt_rua IS 'Where reports are to go';
COMMENT ON COLUMN mxgrade.domain.tlsrpt_why IS 'Why it is invalid or unknown';
COMMENT ON COLUMN mxgrade.domain.resolve_attempts IS 'Lookups made';
COMMENT ON COLUMN mxgrade.domain.next_resolve_at IS 'When to look it up (again); null once settled';
COMMENT ON COLUMN mxgrade.domain.resolved_at IS 'When the last lookup ended';

CREATE TABLE mxgrade.mx_set (
    survey_id     integer NOT NULL,
    mx_set        uuid NOT NULL,
    mx_total      integer NOT NULL,
    mx_graded     integer NOT NULL DEFAULT 0,
    grade         mxgrade.grade,
    score         integer,
    provisional   boolean NOT NULL DEFAULT false,
    worst_mx      text,
    reason        text,
    forced_tls    mxgrade.tri NOT NULL DEFAULT 'unknown',
    forced_tls_mx text,
    forced_tls_why text,
    graded_at     timestamptz,
    PRIMARY KEY (survey_id, mx_set)
) PARTITION BY LIST (survey_id);
COMMENT ON TABLE mxgrade.mx_set IS 'Distinct sets of (preference, exchange); equal sets are one, whatever the number of domains that use them';
COMMENT ON COLUMN mxgrade.mx_set.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.mx_set.mx_set IS 'First 128 bits of the SHA-256 of its sorted "preference exchange" lines';
COMMENT ON COLUMN mxgrade.mx_set.mx_total IS 'Exchanges in it';
COMMENT ON COLUMN mxgrade.mx_set.mx_graded IS 'Exchanges that have a grade';
COMMENT ON COLUMN mxgrade.mx_set.grade IS 'The worst graded exchange''s grade; null = ungraded';
COMMENT ON COLUMN mxgrade.mx_set.score IS 'The worst graded exchange''s score';
COMMENT ON COLUMN mxgrade.mx_set.provisional IS 'A fact behind the grade is unknown or an exchange is ungraded';
COMMENT ON COLUMN mxgrade.mx_set.worst_mx IS 'The exchange that decided';
COMMENT ON COLUMN mxgrade.mx_set.reason IS 'Why it is ungraded';
COMMENT ON COLUMN mxgrade.mx_set.forced_tls IS 'Forced TLS eligible (docs/grading.md section 4)';
COMMENT ON COLUMN mxgrade.mx_set.forced_tls_mx IS 'The exchange that fails, or is unknown';
COMMENT ON COLUMN mxgrade.mx_set.forced_tls_why IS 'What it fails, or why it is unknown';
COMMENT ON COLUMN mxgrade.mx_set.graded_at IS 'When this was computed; null = not yet';

CREATE TABLE mxgrade.mx_set_member (
    survey_id   integer NOT NULL,
    mx_set      uuid NOT NULL,
    exchange    text NOT NULL,
    preference  integer NOT NULL,
    PRIMARY KEY (survey_id, mx_set, exchange)
) PARTITION BY LIST (survey_id);
CREATE INDEX mx_set_member_exchange ON mxgrade.mx_set_member (survey_id, exchange);
COMMENT ON TABLE mxgrade.mx_set_member IS 'The exchanges of each MX set (an exchange listed twice counts once, with its lowest preference)';
COMMENT ON COLUMN mxgrade.mx_set_member.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.mx_set_member.mx_set IS 'The set';
COMMENT ON COLUMN mxgrade.mx_set_member.exchange IS 'MX host name, A-label form, lower case, no trailing dot';
COMMENT ON COLUMN mxgrade.mx_set_member.preference IS 'MX preference; 0 for an implicit MX';

CREATE TABLE mxgrade.exchange (
    survey_id         integer NOT NULL,
    exchange          text NOT NULL,
    dns_status        mxgrade.dns_status NOT NULL DEFAULT 'pending',
    dnssec            mxgrade.dnssec NOT NULL DEFAULT 'unknown',
    flags             text[] NOT NULL DEFAULT '{}',
    tlsa_status       mxgrade.tlsa_status NOT NULL DEFAULT 'pending',
    tlsa_base         text,
    tlsa              text[] NOT NULL DEFAULT '{}',
    resolve_attempts  integer NOT NULL DEFAULT 0,
    next_resolve_at   timestamptz,
    resolved_at       timestamptz,
    grade             mxgrade.grade,
    score             integer,
    provisional       boolean NOT NULL DEFAULT false,
    reason            text,
    forced_tls        mxgrade.tri NOT NULL DEFAULT 'unknown',
    forced_tls_why    text,
    graded_at         timestamptz,
    PRIMARY KEY (survey_id, exchange)
) PARTITION BY LIST (survey_id);
CREATE INDEX exchange_pending ON mxgrade.exchange (survey_id, next_resolve_at) WHERE next_resolve_at IS NOT NULL;
COMMENT ON TABLE mxgrade.exchange IS 'MX host names and their grade';
COMMENT ON COLUMN mxgrade.exchange.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.exchange.exchange IS 'MX host name, A-label form';
COMMENT ON COLUMN mxgrade.exchange.dns_status IS 'How its address lookups ended';
COMMENT ON COLUMN mxgrade.exchange.dnssec IS 'DNSSEC of its address answers, the less secure of the two, where one failed that of the other; or of its alias alone, where that has TLSA records';
COMMENT ON COLUMN mxgrade.exchange.flags IS 'Oddities: cname, address_capped, a_failed and aaaa_failed (no answer: an address may be missing), address_bogus (because validation fails), tlsa_capped';
COMMENT ON COLUMN mxgrade.exchange.tlsa_status IS 'Its TLSA records';
COMMENT ON COLUMN mxgrade.exchange.tlsa_base IS 'The TLSA base domain (RFC 7672 section 2.2.3): the exchange or what its alias leads to';
COMMENT ON COLUMN mxgrade.exchange.tlsa IS 'The records at _25._tcp.BASE, "usage selector matching-type data"';
COMMENT ON COLUMN mxgrade.exchange.resolve_attempts IS 'Address lookups made';
COMMENT ON COLUMN mxgrade.exchange.next_resolve_at IS 'When to look it up again; null once settled';
COMMENT ON COLUMN mxgrade.exchange.resolved_at IS 'When the last lookup ended';
COMMENT ON COLUMN mxgrade.exchange.grade IS 'Grade of its worst reachable address; null = ungraded';
COMMENT ON COLUMN mxgrade.exchange.score IS 'Score of that address';
COMMENT ON COLUMN mxgrade.exchange.provisional IS 'A fact behind the grade is unknown, or an address may be missing';
COMMENT ON COLUMN mxgrade.exchange.reason IS 'Why it is ungraded';
COMMENT ON COLUMN mxgrade.exchange.forced_tls IS 'Takes part in forced TLS: every reachable address has TLS, a version and a NIST suite';
COMMENT ON COLUMN mxgrade.exchange.forced_tls_why IS 'What it fails, or why it is unknown';
COMMENT ON COLUMN mxgrade.exchange.graded_at IS 'When the grade was computed; null = not yet';

CREATE TABLE mxgrade.endpoint (
    survey_id            integer NOT NULL,
    address              inet NOT NULL,
    port                 integer NOT NULL DEFAULT 25,
    shuffle              integer NOT NULL,
    next_probe_at        timestamptz DEFAULT now(),
    attempts             integer NOT NULL DEFAULT 0,
    last_job             bigint,
    facts_known          boolean NOT NULL DEFAULT false,
    reason               text,
    -- each endpoint fact: {fact} mxgrade.tri NOT NULL DEFAULT 'unknown',
    fact_evidence        jsonb,
    flags                text[] NOT NULL DEFAULT '{}',
    banner               text,
    ehlo                 text[],
    ehlo_tls             text[],
    banner_lines         text[],
    greeting_name        text,
    ehlo_name            text,
    auth_mechanisms      text[],
    size_limit           bigint,
    tls_failure          text,
    tls_failed_since     timestamptz,
    tls_version          integer,
    suite                integer,
    key_group            text,
    signature            text,
    suites_seen          integer[],
    weak_seen            text[],
    pq_group             text,
    connections          jsonb,
    connection_count     integer NOT NULL DEFAULT 0,
    observed_at          timestamptz,
    worker               text,
    vantage              text,
    duration_ms          integer,
    resume               bytea CHECK (octet_length(resume) BETWEEN 1 AND 4096),
    PRIMARY KEY (survey_id, address)
) PARTITION BY LIST (survey_id);
CREATE INDEX endpoint_pending ON mxgrade.endpoint (survey_id, shuffle, address) WHERE next_probe_at IS NOT NULL;
COMMENT ON TABLE mxgrade.endpoint IS 'Addresses of exchanges and the facts about the server there. A probe job is pending because next_probe_at is not null: there is no other queue';
COMMENT ON COLUMN mxgrade.endpoint.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.endpoint.address IS 'IP address';
COMMENT ON COLUMN mxgrade.endpoint.port IS 'TCP port';
COMMENT ON COLUMN mxgrade.endpoint.shuffle IS 'Hash of the address: the pseudo-random order of probing';
COMMENT ON COLUMN mxgrade.endpoint.next_probe_at IS 'When to probe it (again); null once settled';
COMMENT ON COLUMN mxgrade.endpoint.attempts IS 'Probe jobs whose results were stored';
COMMENT ON COLUMN mxgrade.endpoint.last_job IS 'Job of the last stored result; a result that comes twice changes nothing';
COMMENT ON COLUMN mxgrade.endpoint.facts_known IS 'No further probe of the endpoint itself is wanted; new names make names-only jobs';
COMMENT ON COLUMN mxgrade.endpoint.reason IS 'Why it is not fully known';
-- each endpoint fact: COMMENT ON COLUMN mxgrade.endpoint.{fact} IS '{meaning}';
COMMENT ON COLUMN mxgrade.endpoint.fact_evidence IS 'Per fact: evidence, connection number, or the reason why it is unknown';
COMMENT ON COLUMN mxgrade.endpoint.flags IS 'Oddities: starttls_stripped, early_bytes, no_esmtp, inconsistent …';
COMMENT ON COLUMN mxgrade.endpoint.banner IS 'Greeting, sanitised';
COMMENT ON COLUMN mxgrade.endpoint.ehlo IS 'EHLO lines in clear';
COMMENT ON COLUMN mxgrade.endpoint.ehlo_tls IS 'EHLO lines inside TLS';
COMMENT ON COLUMN mxgrade.endpoint.banner_lines IS 'All lines of the greeting, sanitised, at most 32';
COMMENT ON COLUMN mxgrade.endpoint.greeting_name IS 'The host that the greeting names, lower case; whether it is a full host name: greeting_names_host';
COMMENT ON COLUMN mxgrade.endpoint.ehlo_name IS 'The host that the reply to EHLO in clear names; whether it is a full host name: ehlo_names_host';
COMMENT ON COLUMN mxgrade.endpoint.auth_mechanisms IS 'Mechanisms of AUTH that the EHLO reply in clear lists';
COMMENT ON COLUMN mxgrade.endpoint.size_limit IS 'The number behind SIZE (RFC 1870), octets; 0 = no fixed limit; null = none was given';
COMMENT ON COLUMN mxgrade.endpoint.tls_failure IS 'How TLS failed, the same way in every attempt so far: starttls_refused, alert N, closed, not_tls; various: not so, or not in every attempt; null: no attempt yet';
COMMENT ON COLUMN mxgrade.endpoint.tls_failed_since IS 'When the first of those attempts ended';
COMMENT ON COLUMN mxgrade.endpoint.tls_version IS 'Version of the full handshake, as on the wire (771 = TLS 1.2)';
COMMENT ON COLUMN mxgrade.endpoint.suite IS 'Suite of the full handshake (see suite)';
COMMENT ON COLUMN mxgrade.endpoint.key_group IS 'Key exchange group of the full handshake';
COMMENT ON COLUMN mxgrade.endpoint.signature IS 'Signature algorithm of the full handshake';
COMMENT ON COLUMN mxgrade.endpoint.suites_seen IS 'Every suite that the server selected on some connection';
COMMENT ON COLUMN mxgrade.endpoint.weak_seen IS 'Weak classes seen';
COMMENT ON COLUMN mxgrade.endpoint.pq_group IS 'The post-quantum group selected';
COMMENT ON COLUMN mxgrade.endpoint.connections IS 'What the connections offered and what came back, each with its number; the last 64';
COMMENT ON COLUMN mxgrade.endpoint.connection_count IS 'Connections made in all';
COMMENT ON COLUMN mxgrade.endpoint.observed_at IS 'When the last stored probe ended';
COMMENT ON COLUMN mxgrade.endpoint.worker IS 'Who observed it';
COMMENT ON COLUMN mxgrade.endpoint.vantage IS 'Where that worker stands';
COMMENT ON COLUMN mxgrade.endpoint.duration_ms IS 'How long the probe took';
COMMENT ON COLUMN mxgrade.endpoint.resume IS 'Where the last attempt stopped, in the worker''s words; travels with the next job; null = start anew';

CREATE TABLE mxgrade.certificate_row (
    sha256        bytea PRIMARY KEY CHECK (length(sha256) = 32),
    spki_sha256   bytea,
    der           bytea NOT NULL,
    subject_cn    text,
    subject       text,
    issuer        text,
    serial        text,
    san           text[],
    san_total     integer NOT NULL DEFAULT 0,
    key_type      text,
    key_bits      integer,
    signature     text,
    not_before    timestamptz,
    not_after     timestamptz,
    self_signed   boolean NOT NULL DEFAULT false,
    chain         bytea[],
    first_seen    timestamptz NOT NULL DEFAULT now(),
    parse_error   text,
    is_ca         boolean,
    sct_count     integer,
    must_staple   boolean,
    ocsp_urls     text[],
    crl_urls      text[],
    policy_oids   text[]
);
COMMENT ON TABLE mxgrade.certificate_row IS 'Certificates by SHA-256, leaves and what servers sent behind them, stored once for all surveys';
COMMENT ON COLUMN mxgrade.certificate_row.sha256 IS 'SHA-256 of the DER';
COMMENT ON COLUMN mxgrade.certificate_row.spki_sha256 IS 'SHA-256 of its public key info';
COMMENT ON COLUMN mxgrade.certificate_row.der IS 'The certificate';
COMMENT ON COLUMN mxgrade.certificate_row.subject_cn IS 'Common name, sanitised';
COMMENT ON COLUMN mxgrade.certificate_row.subject IS 'Subject, sanitised';
COMMENT ON COLUMN mxgrade.certificate_row.issuer IS 'Issuer, sanitised';
COMMENT ON COLUMN mxgrade.certificate_row.serial IS 'Serial number, hexadecimal';
COMMENT ON COLUMN mxgrade.certificate_row.san IS 'SAN dNSNames, the first 1,000';
COMMENT ON COLUMN mxgrade.certificate_row.san_total IS 'How many there are';
COMMENT ON COLUMN mxgrade.certificate_row.key_type IS 'RSA, EC …';
COMMENT ON COLUMN mxgrade.certificate_row.key_bits IS 'Key size';
COMMENT ON COLUMN mxgrade.certificate_row.signature IS 'Signature algorithm on the certificate';
COMMENT ON COLUMN mxgrade.certificate_row.not_before IS 'Valid from, clamped to what PostgreSQL holds';
COMMENT ON COLUMN mxgrade.certificate_row.not_after IS 'Valid until, clamped';
COMMENT ON COLUMN mxgrade.certificate_row.self_signed IS 'Issuer equals subject and the signature verifies with its own key; of one that came only behind others (chain is null) the signature is not looked at';
COMMENT ON COLUMN mxgrade.certificate_row.chain IS 'SHA-256 of the certificates that came behind it when first seen as a leaf; null = it came only behind others';
COMMENT ON COLUMN mxgrade.certificate_row.first_seen IS 'When it was first stored';
COMMENT ON COLUMN mxgrade.certificate_row.parse_error IS 'Why it cannot be read: then only its hash and octets are known';
COMMENT ON COLUMN mxgrade.certificate_row.is_ca IS 'Basic constraints make it a CA; null, here and below = the extension cannot be read';
COMMENT ON COLUMN mxgrade.certificate_row.sct_count IS 'Signed certificate timestamps (RFC 6962) in it';
COMMENT ON COLUMN mxgrade.certificate_row.must_staple IS 'It asks for a stapled OCSP response (RFC 7633)';
COMMENT ON COLUMN mxgrade.certificate_row.ocsp_urls IS 'OCSP responders, the first eight';
COMMENT ON COLUMN mxgrade.certificate_row.crl_urls IS 'CRL distribution points, the first eight';
COMMENT ON COLUMN mxgrade.certificate_row.policy_oids IS 'Policy identifiers, the first sixteen';

CREATE TABLE mxgrade.exchange_endpoint (
    survey_id        integer NOT NULL,
    exchange         text NOT NULL,
    address          inet NOT NULL,
    judged_at        timestamptz,
    certificate      bytea,
    -- each name fact: {fact} mxgrade.tri NOT NULL DEFAULT 'unknown',
    fact_evidence    jsonb,
    matched          text,
    matched_by_cn    boolean NOT NULL DEFAULT false,
    trust_error      text,
    chain_flags      text[] NOT NULL DEFAULT '{}',
    weak_keys        text,
    weak_signatures  text,
    san_match        boolean,
    cn_match         boolean,
    dane             mxgrade.dane_match NOT NULL DEFAULT 'not_asked',
    dane_why         text,
    grade            mxgrade.grade,
    score            integer,
    provisional      boolean NOT NULL DEFAULT false,
    missing          text[] NOT NULL DEFAULT '{}',
    findings         text[] NOT NULL DEFAULT '{}',
    reason           text,
    forced_tls       mxgrade.tri NOT NULL DEFAULT 'unknown',
    forced_tls_why   text,
    PRIMARY KEY (survey_id, exchange, address)
) PARTITION BY LIST (survey_id);
CREATE INDEX exchange_endpoint_address ON mxgrade.exchange_endpoint (survey_id, address);
CREATE INDEX exchange_endpoint_unjudged ON mxgrade.exchange_endpoint (survey_id, address) WHERE judged_at IS NULL;
COMMENT ON TABLE mxgrade.exchange_endpoint IS 'Exchange names on addresses: the certificate as that name sees it, and the grade there';
COMMENT ON COLUMN mxgrade.exchange_endpoint.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.exchange_endpoint.exchange IS 'MX host name';
COMMENT ON COLUMN mxgrade.exchange_endpoint.address IS 'One of its addresses';
COMMENT ON COLUMN mxgrade.exchange_endpoint.judged_at IS 'When a probe judged this name; null = not yet';
COMMENT ON COLUMN mxgrade.exchange_endpoint.certificate IS 'SHA-256 of the leaf shown to this name';
-- each name fact: COMMENT ON COLUMN mxgrade.exchange_endpoint.{fact} IS '{meaning}';
COMMENT ON COLUMN mxgrade.exchange_endpoint.fact_evidence IS 'Per fact: evidence, connection number, or the reason why it is unknown';
COMMENT ON COLUMN mxgrade.exchange_endpoint.matched IS 'The SAN or CN that matched';
COMMENT ON COLUMN mxgrade.exchange_endpoint.matched_by_cn IS 'It was the CN (RFC 9525 no longer allows that)';
COMMENT ON COLUMN mxgrade.exchange_endpoint.trust_error IS 'Why the chain is not trusted';
COMMENT ON COLUMN mxgrade.exchange_endpoint.chain_flags IS 'Of the chain: missing_intermediate, completed_by_store, wrong_purpose, self_signed, weak_key, sha1_signature, ocsp_stapled, unreadable';
COMMENT ON COLUMN mxgrade.exchange_endpoint.weak_keys IS 'Which certificates of the path have a short key: the leaf, an intermediate, the root';
COMMENT ON COLUMN mxgrade.exchange_endpoint.weak_signatures IS 'Which certificates of the path are signed with SHA-1 or MD5';
COMMENT ON COLUMN mxgrade.exchange_endpoint.san_match IS 'A subject alternative name matches; null = no certificate judged';
COMMENT ON COLUMN mxgrade.exchange_endpoint.cn_match IS 'The common name alone would match, whatever the alternative names say; null = no certificate judged';
COMMENT ON COLUMN mxgrade.exchange_endpoint.dane IS 'How the TLSA records of the exchange and the chain shown here agree';
COMMENT ON COLUMN mxgrade.exchange_endpoint.dane_why IS 'What does not agree';
COMMENT ON COLUMN mxgrade.exchange_endpoint.grade IS 'Grade of this exchange at this address; null = ungraded';
COMMENT ON COLUMN mxgrade.exchange_endpoint.score IS 'Its score, 0 to 100';
COMMENT ON COLUMN mxgrade.exchange_endpoint.provisional IS 'A fact behind the grade is unknown';
COMMENT ON COLUMN mxgrade.exchange_endpoint.missing IS 'The unknown facts that the grade would have used';
COMMENT ON COLUMN mxgrade.exchange_endpoint.findings IS 'Codes of finding_code';
COMMENT ON COLUMN mxgrade.exchange_endpoint.reason IS 'Why it is ungraded';
COMMENT ON COLUMN mxgrade.exchange_endpoint.forced_tls IS 'TLS, a version from TLS 1.0 up and a NIST suite here';
COMMENT ON COLUMN mxgrade.exchange_endpoint.forced_tls_why IS 'What it fails, or why it is unknown';

CREATE TABLE mxgrade.quarantine (
    quarantine_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stored_at      timestamptz NOT NULL DEFAULT now(),
    worker         text,
    survey_id      bigint,
    address        text,
    job            numeric(20),
    why            text NOT NULL,
    message        bytea
);
CREATE UNIQUE INDEX quarantine_once ON mxgrade.quarantine
    (md5(why || coalesce(address, '') || coalesce(job::text, '') || coalesce(encode(message, 'hex'), '')));
COMMENT ON TABLE mxgrade.quarantine IS 'Results that could not be stored, each alone with its reason, so that they sank no other; an endpoint or a policy named here stays pending';
COMMENT ON COLUMN mxgrade.quarantine.quarantine_id IS 'Number';
COMMENT ON COLUMN mxgrade.quarantine.stored_at IS 'When it was set aside';
COMMENT ON COLUMN mxgrade.quarantine.worker IS 'Who sent it';
COMMENT ON COLUMN mxgrade.quarantine.survey_id IS 'The survey that it names; null for a certificate';
COMMENT ON COLUMN mxgrade.quarantine.address IS 'The address that it names, sanitised, or the domain of a policy; null for a certificate';
COMMENT ON COLUMN mxgrade.quarantine.job IS 'The job that it names; null for a certificate';
COMMENT ON COLUMN mxgrade.quarantine.why IS 'What was wrong';
COMMENT ON COLUMN mxgrade.quarantine.message IS 'The EndpointResult, PolicyResult or Certificate of proto/mxgrade.proto as it came; null when larger than 1 MiB';

-- Reasons of common/model/facts.h from the most to the least telling: of several addresses or exchanges
-- without a grade, the one that came furthest speaks for all.
CREATE FUNCTION mxgrade.reason_order() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY['inconsistent', 'not_completed', 'silent_inside_tls', 'sni_refused', 'starttls_refused', 'tls_broken', 'protocol_error', 'rate_limited', 'refused_service',
                 'cannot_offer', 'closed', 'reset', 'timeout', 'deadline', 'greeting_timeout', 'connect_timeout',
                 'unreachable', 'dns', 'no_address', 'invalid_name', 'refused_by_policy', 'no_route', 'local_resources', 'not_asked']
$$;
COMMENT ON FUNCTION mxgrade.reason_order() IS 'Reasons why something is ungraded, the most telling first';

CREATE TABLE mxgrade.finding_code (
    code            text PRIMARY KEY,
    weight          text NOT NULL CHECK (weight IN ('fatal', 'significant', 'slight', 'advice')),
    title           text NOT NULL,
    recommendation  text NOT NULL
);
COMMENT ON TABLE mxgrade.finding_code IS 'What findings mean; filled by mxgrade schema upgrade from the program''s own table';
COMMENT ON COLUMN mxgrade.finding_code.code IS 'Stable code';
COMMENT ON COLUMN mxgrade.finding_code.weight IS 'fatal, significant (-30), slight (-5) or advice (0)';
COMMENT ON COLUMN mxgrade.finding_code.title IS 'What was found';
COMMENT ON COLUMN mxgrade.finding_code.recommendation IS 'What the operator should change';

CREATE TABLE mxgrade.suite (
    suite            integer PRIMARY KEY,
    name             text NOT NULL,
    openssl_name     text,
    weak_class       text[] NOT NULL DEFAULT '{}',
    nist_r1          boolean NOT NULL,
    nist_r2          boolean NOT NULL,
    forward_secrecy  boolean NOT NULL
);
COMMENT ON TABLE mxgrade.suite IS 'TLS cipher suites; filled by mxgrade schema upgrade from cipher_suites.csv';
COMMENT ON COLUMN mxgrade.suite.suite IS 'Code point';
COMMENT ON COLUMN mxgrade.suite.name IS 'IANA name';
COMMENT ON COLUMN mxgrade.suite.openssl_name IS 'OpenSSL''s name';
COMMENT ON COLUMN mxgrade.suite.weak_class IS 'Why it is weak; ANON alone is not counted as weak';
COMMENT ON COLUMN mxgrade.suite.nist_r1 IS 'Listed in NIST SP 800-52 revision 1';
COMMENT ON COLUMN mxgrade.suite.nist_r2 IS 'Listed in NIST SP 800-52 revision 2';
COMMENT ON COLUMN mxgrade.suite.forward_secrecy IS 'Authenticated ephemeral key exchange, or TLS 1.3';
