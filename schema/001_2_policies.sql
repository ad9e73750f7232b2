-- Schema 1, policies: what a domain publishes about its mail in DNS and over HTTPS (DNSSEC, DANE, MTA-STS, TLS-RPT), and
-- whether its exchanges live up to it. The answers of DNS stand in the tables of 001_1_core.sql.

CREATE TYPE mxgrade.policy_status AS ENUM ('pending', 'valid', 'invalid', 'unknown');
COMMENT ON TYPE mxgrade.policy_status IS 'A fetched MTA-STS policy. invalid: an answer came that no sender would take; unknown: none came';

CREATE TABLE mxgrade.mta_sts_policy (
    survey_id      integer NOT NULL,
    domain         text NOT NULL,
    addresses      inet[] NOT NULL DEFAULT '{}',
    next_fetch_at  timestamptz,
    attempts       integer NOT NULL DEFAULT 0,
    last_job       bigint,
    status         mxgrade.policy_status NOT NULL DEFAULT 'pending',
    why            text,
    detail         text,
    http_status    integer,
    mode           text CHECK (mode IN ('enforce', 'testing', 'none')),
    max_age        bigint,
    mx             text[],
    body           text,
    address        inet,
    fetched_at     timestamptz,
    worker         text,
    vantage        text,
    duration_ms    integer,
    PRIMARY KEY (survey_id, domain),
    CHECK (status <> 'valid' OR mode IS NOT NULL)
) PARTITION BY LIST (survey_id);
CREATE INDEX mta_sts_policy_pending ON mxgrade.mta_sts_policy (survey_id, domain) WHERE next_fetch_at IS NOT NULL;
COMMENT ON TABLE mxgrade.mta_sts_policy IS 'MTA-STS policies of the domains that have a valid TXT record. A policy job is pending because next_fetch_at is not null';
COMMENT ON COLUMN mxgrade.mta_sts_policy.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.mta_sts_policy.domain IS 'The domain; its policy host is mta-sts.DOMAIN';
COMMENT ON COLUMN mxgrade.mta_sts_policy.addresses IS 'Addresses of the policy host that may be contacted, the ones to try first in front';
COMMENT ON COLUMN mxgrade.mta_sts_policy.next_fetch_at IS 'When to fetch it (again); null once settled';
COMMENT ON COLUMN mxgrade.mta_sts_policy.attempts IS 'Policy jobs whose results were stored';
COMMENT ON COLUMN mxgrade.mta_sts_policy.last_job IS 'Job of the last stored result; a result that comes twice changes nothing';
COMMENT ON COLUMN mxgrade.mta_sts_policy.status IS 'What came of it; once valid or invalid, it and what follows tell of the last fetch that was answered';
COMMENT ON COLUMN mxgrade.mta_sts_policy.why IS 'Why it is invalid or unknown: a key';
COMMENT ON COLUMN mxgrade.mta_sts_policy.detail IS 'The same for people: the line, the certificate''s error';
COMMENT ON COLUMN mxgrade.mta_sts_policy.http_status IS 'HTTP status; null = no answer';
COMMENT ON COLUMN mxgrade.mta_sts_policy.mode IS 'enforce, testing or none; null unless valid, as max_age and mx';
COMMENT ON COLUMN mxgrade.mta_sts_policy.max_age IS 'Seconds that senders may keep it';
COMMENT ON COLUMN mxgrade.mta_sts_policy.mx IS 'Patterns of exchanges';
COMMENT ON COLUMN mxgrade.mta_sts_policy.body IS 'The policy as it came, control and invalid bytes escaped';
COMMENT ON COLUMN mxgrade.mta_sts_policy.address IS 'The address contacted';
COMMENT ON COLUMN mxgrade.mta_sts_policy.fetched_at IS 'When that fetch ended';
COMMENT ON COLUMN mxgrade.mta_sts_policy.worker IS 'Who fetched it';
COMMENT ON COLUMN mxgrade.mta_sts_policy.vantage IS 'Where that worker stands';
COMMENT ON COLUMN mxgrade.mta_sts_policy.duration_ms IS 'How long it took';

-- RFC 8461 section 4.1 and RFC 6125 section 6.4.3 agree: a pattern is a name, or "*." and a name: exactly one label more.
CREATE FUNCTION mxgrade.name_covered(p_name text, p_patterns text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT FROM unnest(p_patterns) AS p
                   WHERE p = p_name OR p = '*' || nullif(substr(p_name, nullif(strpos(p_name, '.'), 0)), ''))
$$;
COMMENT ON FUNCTION mxgrade.name_covered(text, text[]) IS 'Does one of the patterns (names, or "*." for exactly one label) cover the name?';

-- A sender passes over an exchange that is not covered or fails, and tries the next one (RFC 8461 section 5.1): mail
-- bounces where none is left.
-- (Grouped joins here and below, not LATERAL: a survey and a domain in WHERE then reach every table before it is planned.)
CREATE VIEW mxgrade.mta_sts AS
SELECT d.survey_id, d.name AS domain,
       CASE WHEN d.sts_record <> 'valid' THEN d.sts_record::text
            WHEN p.status = 'valid' THEN p.mode
            ELSE coalesce(p.status::text, 'pending') END AS status,
       CASE WHEN d.sts_record <> 'valid' THEN d.sts_why ELSE p.why END AS reason,
       p.detail, d.sts_id AS id, p.max_age, p.mx AS patterns,
       coalesce(c.not_covered, '{}') AS not_covered,
       coalesce(c.failing, '{}') AS failing,
       coalesce(p.mode = 'enforce' AND c.lost, false) AS mail_bounces,
       p.http_status, p.body, p.address, p.fetched_at, p.attempts, p.worker, p.vantage
FROM mxgrade.domain d
LEFT JOIN mxgrade.mta_sts_policy p ON p.survey_id = d.survey_id AND p.domain = d.name AND d.sts_record = 'valid'
LEFT JOIN (
    SELECT survey_id, name,
           array_agg(exchange ORDER BY preference, exchange) FILTER (WHERE NOT covered) AS not_covered,
           array_agg(exchange ORDER BY preference, exchange) FILTER (WHERE covered AND fails) AS failing,
           bool_and(NOT covered OR fails_everywhere AND NOT halved) AS lost
    FROM (SELECT survey_id, name, exchange, preference, mxgrade.name_covered(exchange, mx) AS covered,
                 bool_or(fails) AS fails, bool_and(fails) AS fails_everywhere,
                 coalesce(bool_or(halved), false) AS halved -- an address may be missing
          FROM (SELECT o.survey_id, o.name, b.exchange, b.preference, q.mx,
                       x.flags && ARRAY['a_failed', 'aaaa_failed'] AS halved,
                       coalesce(e.tls_enabled = 'no' OR e.tls_broken = 'yes' OR (e.tls1_2 = 'no' AND e.tls1_3 = 'no') OR n.cert_trusted = 'no'
                                OR n.cert_in_date = 'no' OR n.san_match IS FALSE, false) AS fails
                FROM mxgrade.mta_sts_policy q
                JOIN mxgrade.domain o ON o.survey_id = q.survey_id AND o.name = q.domain
                JOIN mxgrade.mx_set_member b ON b.survey_id = o.survey_id AND b.mx_set = o.mx_set
                LEFT JOIN mxgrade.exchange x ON x.survey_id = b.survey_id AND x.exchange = b.exchange
                LEFT JOIN mxgrade.exchange_endpoint n ON n.survey_id = b.survey_id AND n.exchange = b.exchange
                LEFT JOIN mxgrade.endpoint e ON e.survey_id = n.survey_id AND e.address = n.address
                WHERE q.status = 'valid' AND q.mode IN ('enforce', 'testing')) address
          GROUP BY survey_id, name, exchange, preference, mx) member
    GROUP BY survey_id, name) c ON c.survey_id = d.survey_id AND c.name = d.name AND d.sts_record = 'valid';
COMMENT ON VIEW mxgrade.mta_sts IS 'MTA-STS (RFC 8461) of every domain: record, policy, and whether its exchanges live up to it';
COMMENT ON COLUMN mxgrade.mta_sts.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.mta_sts.domain IS 'The domain';
COMMENT ON COLUMN mxgrade.mta_sts.status IS 'none, testing, enforce, invalid, unknown (nobody answered), not_asked (see record_status) or pending; a policy may say none itself';
COMMENT ON COLUMN mxgrade.mta_sts.reason IS 'Why it is invalid or unknown: a key';
COMMENT ON COLUMN mxgrade.mta_sts.detail IS 'The same for people';
COMMENT ON COLUMN mxgrade.mta_sts.id IS 'The id in its TXT record';
COMMENT ON COLUMN mxgrade.mta_sts.max_age IS 'Seconds that senders may keep the policy';
COMMENT ON COLUMN mxgrade.mta_sts.patterns IS 'Its mx patterns';
COMMENT ON COLUMN mxgrade.mta_sts.not_covered IS 'Exchanges that no pattern covers: no sender that honours the policy delivers there';
COMMENT ON COLUMN mxgrade.mta_sts.failing IS 'Covered exchanges that fail the policy at an address: neither TLS 1.2 nor 1.3, TLS that is broken, or a certificate that is not trusted, not in date or has no alternative name for the exchange';
COMMENT ON COLUMN mxgrade.mta_sts.mail_bounces IS 'The policy is enforced, and every exchange is not covered or fails it at each of its addresses: a sender that honours it delivers nowhere';
COMMENT ON COLUMN mxgrade.mta_sts.http_status IS 'HTTP status; null = no answer';
COMMENT ON COLUMN mxgrade.mta_sts.body IS 'The policy as it came, sanitised';
COMMENT ON COLUMN mxgrade.mta_sts.address IS 'The address of the policy host contacted';
COMMENT ON COLUMN mxgrade.mta_sts.fetched_at IS 'When that fetch ended';
COMMENT ON COLUMN mxgrade.mta_sts.attempts IS 'Fetches';
COMMENT ON COLUMN mxgrade.mta_sts.worker IS 'Who fetched it';
COMMENT ON COLUMN mxgrade.mta_sts.vantage IS 'Where that worker stands';

CREATE FUNCTION mxgrade.tlsa_usable(p_records text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT bool_or(r ~ '^[23] [01] [012] .') FROM unnest(p_records) AS r
$$;
COMMENT ON FUNCTION mxgrade.tlsa_usable(text[]) IS 'Is there a record of a usage, selector and matching type that SMTP has a use for (RFC 7672 section 3.1)? Its data is the worker''s to judge';

CREATE VIEW mxgrade.dane AS
SELECT d.survey_id, d.name AS domain, b.preference, b.exchange, n.address,
       CASE
           WHEN d.dnssec <> 'secure' THEN d.dnssec::text
           WHEN x.dnssec IN ('unchecked', 'insecure', 'bogus') THEN x.dnssec::text
           WHEN x.tlsa_status IN ('none', 'insecure', 'bogus') THEN x.tlsa_status::text
           WHEN x.tlsa_status IS DISTINCT FROM 'secure' THEN 'unknown'
           WHEN e.tls_enabled = 'no' THEN 'secure-mismatch'
           WHEN n.dane = 'mismatch' THEN CASE WHEN 'tlsa_capped' = ANY (x.flags) THEN 'unknown' ELSE 'secure-mismatch' END
           WHEN n.dane = 'match' THEN 'secure-match'
           WHEN n.dane = 'unusable' OR NOT mxgrade.tlsa_usable(nullif(x.tlsa, '{}')) THEN 'secure-unusable'
           WHEN n.dane = 'other_name' THEN
               CASE WHEN mxgrade.name_covered(d.name, i.names) OR mxgrade.name_covered(d.alias_of, i.names)
                    THEN 'secure-match' ELSE 'secure-mismatch' END
           ELSE 'unknown'
       END AS status,
       CASE WHEN e.tls_enabled = 'no' THEN 'no TLS' ELSE n.dane_why END AS why,
       x.tlsa_base, x.tlsa, d.dnssec AS domain_dnssec, x.dnssec AS exchange_dnssec,
       coalesce(x.dns_status, 'pending') AS exchange_status
FROM mxgrade.domain d
JOIN mxgrade.mx_set_member b ON b.survey_id = d.survey_id AND b.mx_set = d.mx_set
LEFT JOIN mxgrade.exchange x ON x.survey_id = b.survey_id AND x.exchange = b.exchange
LEFT JOIN mxgrade.exchange_endpoint n ON n.survey_id = b.survey_id AND n.exchange = b.exchange
LEFT JOIN mxgrade.endpoint e ON e.survey_id = n.survey_id AND e.address = n.address
LEFT JOIN mxgrade.certificate_row c ON c.sha256 = n.certificate
CROSS JOIN LATERAL (SELECT coalesce(nullif(c.san, '{}'), ARRAY[lower(c.subject_cn)]) AS names) i;
COMMENT ON VIEW mxgrade.dane IS 'DANE (RFC 7672) of every domain, exchange and address; address is null where an exchange has none';
COMMENT ON COLUMN mxgrade.dane.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.dane.domain IS 'The domain';
COMMENT ON COLUMN mxgrade.dane.preference IS 'MX preference';
COMMENT ON COLUMN mxgrade.dane.exchange IS 'MX host name';
COMMENT ON COLUMN mxgrade.dane.address IS 'IP address';
COMMENT ON COLUMN mxgrade.dane.status IS 'secure-match, secure-mismatch, secure-unusable (TLS is required, nobody is authenticated), none (no TLSA records), insecure (DNSSEC is missing at the domain or the exchange), bogus, unchecked (no validating resolver), unknown';
COMMENT ON COLUMN mxgrade.dane.why IS 'What does not match';
COMMENT ON COLUMN mxgrade.dane.tlsa_base IS 'The TLSA base domain';
COMMENT ON COLUMN mxgrade.dane.tlsa IS 'The records';
COMMENT ON COLUMN mxgrade.dane.domain_dnssec IS 'DNSSEC of the domain''s MX answer';
COMMENT ON COLUMN mxgrade.dane.exchange_status IS 'How the address lookups of the exchange ended';
COMMENT ON COLUMN mxgrade.dane.exchange_dnssec IS 'DNSSEC of the address answers of the exchange';

CREATE VIEW mxgrade.domain_policy AS
SELECT d.survey_id, d.name AS domain, d.mx_status, d.dnssec,
       CASE
           WHEN d.mx_status IN ('null_mx', 'no_mail_host', 'nxdomain') THEN 'not_asked'
           WHEN d.dnssec <> 'secure' THEN d.dnssec::text
           WHEN v.worst IS NULL THEN 'unknown'
           WHEN v.worst IN ('secure-match', 'secure-unusable') AND v.without THEN 'partial'
           ELSE v.worst
       END AS dane,
       s.status AS mta_sts, s.reason AS mta_sts_reason, s.not_covered AS mta_sts_not_covered, s.failing AS mta_sts_failing,
       s.mail_bounces AS mta_sts_bounces,
       d.tlsrpt, d.tlsrpt_why, d.tlsrpt_rua
FROM mxgrade.domain d
JOIN mxgrade.mta_sts s ON s.survey_id = d.survey_id AND s.domain = d.name
LEFT JOIN (
    SELECT survey_id, domain,
           (ARRAY['secure-mismatch', 'bogus', 'unknown', 'unchecked', 'secure-unusable', 'secure-match', 'insecure', 'none'])[
               min(array_position(ARRAY['secure-mismatch', 'bogus', 'unknown', 'unchecked', 'secure-unusable', 'secure-match',
                                        'insecure', 'none'], status))] AS worst,
           bool_or(status IN ('none', 'insecure')) AS without
    FROM mxgrade.dane
    WHERE domain_dnssec = 'secure' AND exchange_status NOT IN ('nodata', 'nxdomain', 'invalid') -- no mail goes there
    GROUP BY survey_id, domain) v ON v.survey_id = d.survey_id AND v.domain = d.name;
COMMENT ON VIEW mxgrade.domain_policy IS 'What each domain publishes about its mail, and whether its exchanges live up to it';
COMMENT ON COLUMN mxgrade.domain_policy.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.domain_policy.domain IS 'The domain';
COMMENT ON COLUMN mxgrade.domain_policy.mx_status IS 'How its mail hosts were found';
COMMENT ON COLUMN mxgrade.domain_policy.dnssec IS 'DNSSEC of its MX answer';
COMMENT ON COLUMN mxgrade.domain_policy.dane IS 'The worst of its exchanges (see dane); partial: some have TLSA records and some have none; not_asked: it takes no mail';
COMMENT ON COLUMN mxgrade.domain_policy.mta_sts IS 'MTA-STS (see mta_sts)';
COMMENT ON COLUMN mxgrade.domain_policy.mta_sts_reason IS 'Why it is invalid or unknown';
COMMENT ON COLUMN mxgrade.domain_policy.mta_sts_not_covered IS 'Exchanges that the policy does not cover';
COMMENT ON COLUMN mxgrade.domain_policy.mta_sts_failing IS 'Covered exchanges that fail the policy';
COMMENT ON COLUMN mxgrade.domain_policy.mta_sts_bounces IS 'A sender that honours the policy delivers nowhere';
COMMENT ON COLUMN mxgrade.domain_policy.tlsrpt IS 'TLS-RPT (RFC 8460)';
COMMENT ON COLUMN mxgrade.domain_policy.tlsrpt_why IS 'Why its record is invalid or unknown';
COMMENT ON COLUMN mxgrade.domain_policy.tlsrpt_rua IS 'Where reports are to go';

-- Texts to publish. An exchange that is no host name (an address, a single label, a URL, whatever has escapes in it) has no
-- place in them: people paste what stands there. As name_from_dns() in common/names/name.c has it.
CREATE FUNCTION mxgrade.is_host_name(p_name text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_name ~ '^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?[.])+[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$'
           AND p_name !~ '[.][0-9]+$' AND length(p_name) <= 253
$$;
COMMENT ON FUNCTION mxgrade.is_host_name(text) IS 'Whether a name in lower case can be a host''s: two labels or more, of letters, digits, hyphen and underscore, the last not a number';

CREATE FUNCTION mxgrade.sts_records(p_domain text, p_mode text, p_exchanges text[], p_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT format(E'_mta-sts.%s. IN TXT "v=STSv1; id=%s;"\nhttps://mta-sts.%s/.well-known/mta-sts.txt\n'
                  'version: STSv1\nmode: %s\n%smax_age: %s',
                  p_domain, to_char(coalesce(p_at, now()) AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS'), p_domain, p_mode, m.lines,
                  CASE p_mode WHEN 'enforce' THEN 1209600 ELSE 86400 END)
    FROM (SELECT string_agg(E'mx: ' || x || E'\n', '' ORDER BY n) AS lines
          FROM unnest(p_exchanges) WITH ORDINALITY u (x, n) WHERE mxgrade.is_host_name(x)) m
    WHERE m.lines IS NOT NULL
$$;
COMMENT ON FUNCTION mxgrade.sts_records(text, text, text[], timestamptz) IS 'The TXT record, the URL of the policy and its text for a domain with these exchanges, to be published; null where none of them is a host name';

CREATE VIEW mxgrade.domain_finding AS
WITH raised AS (
    SELECT d.survey_id, d.name AS domain, NULL::text AS exchange,
           CASE s.status WHEN 'none' THEN 'NO_MTA_STS' WHEN 'testing' THEN 'MTA_STS_TESTING' ELSE 'MTA_STS_INVALID' END AS code,
           mxgrade.sts_records(d.name, CASE s.status WHEN 'testing' THEN 'enforce' ELSE 'testing' END,
                               array_agg(b.exchange ORDER BY b.preference, b.exchange), d.resolved_at) AS record
    FROM mxgrade.domain d
    JOIN mxgrade.mta_sts s ON s.survey_id = d.survey_id AND s.domain = d.name
    JOIN mxgrade.mx_set_member b ON b.survey_id = d.survey_id AND b.mx_set = d.mx_set
    WHERE s.status IN ('none', 'invalid', 'testing')
    GROUP BY d.survey_id, d.name, s.status, d.resolved_at
    UNION ALL
    SELECT s.survey_id, s.domain, f.exchange, f.code,
           CASE WHEN f.code = 'MTA_STS_MX_NOT_COVERED' AND mxgrade.is_host_name(f.exchange) THEN 'mx: ' || f.exchange END
    FROM mxgrade.mta_sts s
    CROSS JOIN LATERAL (SELECT unnest(s.not_covered), 'MTA_STS_MX_NOT_COVERED'
                        UNION ALL SELECT unnest(s.failing), 'MTA_STS_MX_FAILS') f (exchange, code)
    UNION ALL
    SELECT d.survey_id, d.name, NULL, CASE d.tlsrpt WHEN 'none' THEN 'NO_TLSRPT' ELSE 'TLSRPT_INVALID' END,
           format('_smtp._tls.%s. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@%s"', d.name, d.name)
    FROM mxgrade.domain d WHERE d.mx_set IS NOT NULL AND d.tlsrpt IN ('none', 'invalid')
    UNION ALL
    SELECT a.survey_id, a.domain, a.exchange, CASE a.status WHEN 'none' THEN 'NO_DANE' ELSE 'DANE_MISMATCH' END,
           string_agg(DISTINCT format('_25._tcp.%s. IN TLSA 3 1 1 %s', coalesce(a.tlsa_base, a.exchange),
                                      encode(c.spki_sha256, 'hex')), E'\n') FILTER (WHERE c.spki_sha256 IS NOT NULL)
    FROM mxgrade.dane a
    LEFT JOIN mxgrade.exchange_endpoint n ON n.survey_id = a.survey_id AND n.exchange = a.exchange
    LEFT JOIN mxgrade.certificate_row c ON c.sha256 = n.certificate
    WHERE a.status = 'none' OR (a.status = 'secure-mismatch' AND a.why IS DISTINCT FROM 'no TLS')
    GROUP BY a.survey_id, a.domain, a.exchange, a.status
    UNION ALL
    SELECT d.survey_id, d.name, NULL, 'NO_DNSSEC', NULL
    FROM mxgrade.domain d WHERE d.mx_set IS NOT NULL AND d.dnssec = 'insecure'
    UNION ALL
    SELECT d.survey_id, d.name, NULL, 'DNSSEC_BOGUS', NULL FROM mxgrade.domain d WHERE d.dnssec = 'bogus'
    UNION ALL
    SELECT a.survey_id, a.domain, a.exchange, 'DNSSEC_BOGUS', NULL
    FROM mxgrade.dane a
    LEFT JOIN mxgrade.exchange x ON x.survey_id = a.survey_id AND x.exchange = a.exchange
    WHERE (a.status = 'bogus' OR 'address_bogus' = ANY (x.flags)) AND a.domain_dnssec = 'secure'
    GROUP BY a.survey_id, a.domain, a.exchange
)
SELECT r.survey_id, r.domain, r.exchange, c.code, c.weight, c.title, c.recommendation, r.record
FROM raised r JOIN mxgrade.finding_code c ON c.code = r.code;
COMMENT ON VIEW mxgrade.domain_finding IS 'Findings about what a domain publishes, one row each; findings about its servers are in finding';
COMMENT ON COLUMN mxgrade.domain_finding.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.domain_finding.domain IS 'The domain';
COMMENT ON COLUMN mxgrade.domain_finding.exchange IS 'The exchange that it is about; null = the domain';
COMMENT ON COLUMN mxgrade.domain_finding.code IS 'Stable code';
COMMENT ON COLUMN mxgrade.domain_finding.weight IS 'fatal, significant (-30), slight (-5) or advice (0)';
COMMENT ON COLUMN mxgrade.domain_finding.title IS 'What was found';
COMMENT ON COLUMN mxgrade.domain_finding.recommendation IS 'What the operator should change';
COMMENT ON COLUMN mxgrade.domain_finding.record IS 'What to publish, ready to copy; null where no text would do';
