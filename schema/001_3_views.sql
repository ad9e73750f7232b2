-- Schema 1, views: what people query of grades and facts; what domains publish is in 001_2_policies.sql. Views run with
-- their owner's rights, so mxgrade_read needs nothing else. Every view but certificate and chain_certificate has
-- survey_id: give it in WHERE, and the other surveys' partitions are never touched.

CREATE VIEW mxgrade.rejected_line AS
SELECT survey_id, line_no, input, rejected AS reason
FROM mxgrade.submitted_line
WHERE rejected IS NOT NULL;
COMMENT ON VIEW mxgrade.rejected_line IS 'Lines of submitted lists that are no domains';
COMMENT ON COLUMN mxgrade.rejected_line.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.rejected_line.line_no IS 'Line number in the list, from 1';
COMMENT ON COLUMN mxgrade.rejected_line.input IS 'The line, control and invalid bytes escaped';
COMMENT ON COLUMN mxgrade.rejected_line.reason IS 'Why it is no domain';

CREATE VIEW mxgrade.domain_grade AS
SELECT d.survey_id, d.name AS domain, d.rank, d.mx_status,
       o.outcome,
       CASE o.outcome
           WHEN 'no_mail' THEN d.mx_status::text
           WHEN 'ungraded' THEN CASE WHEN d.mx_status::text = 'refused_by_policy' THEN 'refused_by_policy'
                                     WHEN d.mx_set IS NULL THEN 'dns' ELSE coalesce(m.reason, 'not_asked') END
       END AS reason,
       m.grade, m.score, m.provisional, m.worst_mx, m.mx_graded, m.mx_total,
       m.forced_tls, m.forced_tls_mx, m.forced_tls_why,
       d.flags, d.first_line, d.resolved_at, m.graded_at, d.mx_set
FROM mxgrade.domain d
JOIN mxgrade.survey s ON s.survey_id = d.survey_id
LEFT JOIN mxgrade.mx_set m ON m.survey_id = d.survey_id AND m.mx_set = d.mx_set
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN (d.next_resolve_at IS NOT NULL AND d.mx_set IS NULL) OR d.mx_status = 'pending' THEN 'pending'
        WHEN d.mx_status IN ('null_mx', 'no_mail_host', 'nxdomain') THEN 'no_mail'
        WHEN m.grade IS NOT NULL THEN 'graded'
        WHEN d.mx_set IS NULL OR s.state = 'complete' THEN 'ungraded'
        ELSE 'pending'
    END AS outcome) o;
COMMENT ON VIEW mxgrade.domain_grade IS 'Domains with their grade, or why they have none. Every domain has exactly one outcome';
COMMENT ON COLUMN mxgrade.domain_grade.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.domain_grade.domain IS 'The domain, A-label form';
COMMENT ON COLUMN mxgrade.domain_grade.rank IS 'Rank given in the list';
COMMENT ON COLUMN mxgrade.domain_grade.mx_status IS 'How its mail hosts were found';
COMMENT ON COLUMN mxgrade.domain_grade.outcome IS 'graded, ungraded, no_mail (it takes none) or pending';
COMMENT ON COLUMN mxgrade.domain_grade.reason IS 'Why it is ungraded or takes no mail';
COMMENT ON COLUMN mxgrade.domain_grade.grade IS 'Grade of the worst graded exchange';
COMMENT ON COLUMN mxgrade.domain_grade.score IS 'Score of that exchange, 0 to 100';
COMMENT ON COLUMN mxgrade.domain_grade.provisional IS 'A fact behind the grade is unknown or an exchange is ungraded';
COMMENT ON COLUMN mxgrade.domain_grade.worst_mx IS 'The exchange that decided';
COMMENT ON COLUMN mxgrade.domain_grade.mx_graded IS 'Exchanges that have a grade';
COMMENT ON COLUMN mxgrade.domain_grade.mx_total IS 'Exchanges in all';
COMMENT ON COLUMN mxgrade.domain_grade.forced_tls IS 'Eligible for forced TLS';
COMMENT ON COLUMN mxgrade.domain_grade.forced_tls_mx IS 'The exchange that fails, or is unknown';
COMMENT ON COLUMN mxgrade.domain_grade.forced_tls_why IS 'The fact that it fails, or why it is unknown';
COMMENT ON COLUMN mxgrade.domain_grade.flags IS 'Oddities in DNS';
COMMENT ON COLUMN mxgrade.domain_grade.first_line IS 'The line of the list that submitted it first';
COMMENT ON COLUMN mxgrade.domain_grade.resolved_at IS 'When its last MX lookup ended';
COMMENT ON COLUMN mxgrade.domain_grade.graded_at IS 'When the grade was computed';
COMMENT ON COLUMN mxgrade.domain_grade.mx_set IS 'Its MX set: domains with equal sets share it';

CREATE VIEW mxgrade.survey_summary AS
SELECT s.survey_id, s.name, s.state, s.policy, s.submitted_at, s.started_at, s.completed_at,
       s.lines, r.rejected,
       s.lines - least(s.intake_line, s.lines) - (r.rejected - r.taken) AS waiting,
       least(s.intake_line, s.lines) - r.taken - d.domains AS duplicates,
       d.domains, d.graded, d.ungraded, d.no_mail, d.pending,
       d.provisional, d.forced_tls_yes, d.forced_tls_no, d.forced_tls_unknown,
       d.grades, d.ungraded_reasons, d.no_mail_reasons
FROM mxgrade.survey s
LEFT JOIN LATERAL (
    SELECT count(*) AS rejected, count(*) FILTER (WHERE line_no <= s.intake_line) AS taken
    FROM mxgrade.submitted_line
    WHERE survey_id = s.survey_id AND rejected IS NOT NULL) r ON true
LEFT JOIN LATERAL (
    WITH counts AS (
        SELECT outcome, reason, grade, provisional, forced_tls, count(*) AS n
        FROM mxgrade.domain_grade
        WHERE survey_id = s.survey_id
        GROUP BY outcome, reason, grade, provisional, forced_tls)
    SELECT coalesce(sum(n), 0)::bigint AS domains,
           coalesce(sum(n) FILTER (WHERE outcome = 'graded'), 0)::bigint AS graded,
           coalesce(sum(n) FILTER (WHERE outcome = 'ungraded'), 0)::bigint AS ungraded,
           coalesce(sum(n) FILTER (WHERE outcome = 'no_mail'), 0)::bigint AS no_mail,
           coalesce(sum(n) FILTER (WHERE outcome = 'pending'), 0)::bigint AS pending,
           coalesce(sum(n) FILTER (WHERE outcome = 'graded' AND provisional), 0)::bigint AS provisional,
           coalesce(sum(n) FILTER (WHERE forced_tls = 'yes'), 0)::bigint AS forced_tls_yes,
           coalesce(sum(n) FILTER (WHERE forced_tls = 'no'), 0)::bigint AS forced_tls_no,
           coalesce(sum(n) FILTER (WHERE forced_tls = 'unknown'), 0)::bigint AS forced_tls_unknown,
           (SELECT json_object_agg(grade, n ORDER BY grade)
            FROM (SELECT grade, sum(n)::bigint AS n FROM counts WHERE outcome = 'graded' GROUP BY grade) g) AS grades,
           (SELECT json_object_agg(reason, n ORDER BY n DESC, reason)
            FROM (SELECT reason, sum(n)::bigint AS n FROM counts WHERE outcome = 'ungraded' GROUP BY reason) u)
               AS ungraded_reasons,
           (SELECT json_object_agg(reason, n ORDER BY n DESC, reason)
            FROM (SELECT reason, sum(n)::bigint AS n FROM counts WHERE outcome = 'no_mail' GROUP BY reason) x)
               AS no_mail_reasons
    FROM counts) d ON true;
COMMENT ON VIEW mxgrade.survey_summary IS 'Surveys in numbers. lines = rejected + waiting + duplicates + domains; domains = graded + ungraded + no_mail + pending';
COMMENT ON COLUMN mxgrade.survey_summary.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.survey_summary.name IS 'The submitter''s name for it';
COMMENT ON COLUMN mxgrade.survey_summary.state IS 'How far it is';
COMMENT ON COLUMN mxgrade.survey_summary.policy IS 'Version of the grading policy';
COMMENT ON COLUMN mxgrade.survey_summary.submitted_at IS 'When the list was stored';
COMMENT ON COLUMN mxgrade.survey_summary.started_at IS 'When a coordinator first took it up';
COMMENT ON COLUMN mxgrade.survey_summary.completed_at IS 'When its final grades were stored';
COMMENT ON COLUMN mxgrade.survey_summary.lines IS 'Lines in the list';
COMMENT ON COLUMN mxgrade.survey_summary.rejected IS 'Lines that are no domains (see rejected_line)';
COMMENT ON COLUMN mxgrade.survey_summary.waiting IS 'Lines with a domain that the coordinator has not taken in yet';
COMMENT ON COLUMN mxgrade.survey_summary.duplicates IS 'Lines that repeat a domain';
COMMENT ON COLUMN mxgrade.survey_summary.domains IS 'Distinct domains';
COMMENT ON COLUMN mxgrade.survey_summary.graded IS 'Domains with a grade';
COMMENT ON COLUMN mxgrade.survey_summary.ungraded IS 'Domains whose mail servers gave too little answer';
COMMENT ON COLUMN mxgrade.survey_summary.no_mail IS 'Domains that take no mail; no failures';
COMMENT ON COLUMN mxgrade.survey_summary.pending IS 'Domains still at work';
COMMENT ON COLUMN mxgrade.survey_summary.provisional IS 'Graded domains with a fact or an exchange unknown';
COMMENT ON COLUMN mxgrade.survey_summary.forced_tls_yes IS 'Domains eligible for forced TLS';
COMMENT ON COLUMN mxgrade.survey_summary.forced_tls_no IS 'Domains with an exchange that fails it';
COMMENT ON COLUMN mxgrade.survey_summary.forced_tls_unknown IS 'Domains where an exchange is unknown and none fails';
COMMENT ON COLUMN mxgrade.survey_summary.grades IS 'Graded domains per grade, best first; null if none';
COMMENT ON COLUMN mxgrade.survey_summary.ungraded_reasons IS 'Ungraded domains per reason; null if none';
COMMENT ON COLUMN mxgrade.survey_summary.no_mail_reasons IS 'Domains that take no mail per reason; null if none';

CREATE VIEW mxgrade.survey_progress AS
SELECT s.survey_id, s.state, s.lines, least(s.intake_line, s.lines) AS intake_line, d.domains, d.domains_pending, x.exchanges_pending,
       e.endpoints, e.endpoints_pending, p.policies, p.policies_pending
FROM mxgrade.survey s
LEFT JOIN LATERAL (
    SELECT count(*) AS domains, count(next_resolve_at) AS domains_pending
    FROM mxgrade.domain WHERE survey_id = s.survey_id) d ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS exchanges_pending
    FROM mxgrade.exchange WHERE survey_id = s.survey_id AND next_resolve_at IS NOT NULL) x ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS endpoints, count(next_probe_at) AS endpoints_pending
    FROM mxgrade.endpoint WHERE survey_id = s.survey_id) e ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS policies, count(next_fetch_at) AS policies_pending
    FROM mxgrade.mta_sts_policy WHERE survey_id = s.survey_id) p ON true;
COMMENT ON VIEW mxgrade.survey_progress IS 'How far surveys are, by plain counts without a join';
COMMENT ON COLUMN mxgrade.survey_progress.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.survey_progress.state IS 'How far it is';
COMMENT ON COLUMN mxgrade.survey_progress.lines IS 'Lines in the list';
COMMENT ON COLUMN mxgrade.survey_progress.intake_line IS 'Lines taken in by the coordinator';
COMMENT ON COLUMN mxgrade.survey_progress.domains IS 'Distinct domains so far';
COMMENT ON COLUMN mxgrade.survey_progress.domains_pending IS 'Domains to look up (again)';
COMMENT ON COLUMN mxgrade.survey_progress.exchanges_pending IS 'Exchanges to look up again';
COMMENT ON COLUMN mxgrade.survey_progress.endpoints IS 'Endpoints known so far';
COMMENT ON COLUMN mxgrade.survey_progress.endpoints_pending IS 'Endpoints to probe (again)';
COMMENT ON COLUMN mxgrade.survey_progress.policies IS 'MTA-STS policies known so far';
COMMENT ON COLUMN mxgrade.survey_progress.policies_pending IS 'Policies to fetch (again)';

CREATE VIEW mxgrade.mx AS
SELECT d.survey_id, d.name AS domain, b.preference, b.exchange,
       x.dns_status, x.grade AS exchange_grade, x.score AS exchange_score, x.provisional AS exchange_provisional,
       x.reason AS exchange_reason, x.forced_tls, x.forced_tls_why, x.flags AS exchange_flags,
       n.address, e.port, n.grade, n.score, n.provisional, n.missing, n.findings, coalesce(n.reason, e.reason) AS reason,
       -- each endpoint fact: e.{fact},
       -- each name fact: n.{fact},
       n.certificate, n.matched, n.matched_by_cn, n.trust_error, n.chain_flags, n.weak_keys, n.weak_signatures, n.san_match, n.cn_match,
       e.tls_version, u.name AS suite, e.key_group, e.signature, e.weak_seen, e.pq_group,
       e.flags, e.banner, e.banner_lines, e.greeting_name, e.greeting_name = n.exchange AS greeting_name_is_mx,
       e.ehlo_name, e.ehlo_name = n.exchange AS ehlo_name_is_mx, e.auth_mechanisms, e.size_limit, e.connection_count, e.observed_at, e.worker, e.vantage,
       coalesce(e.fact_evidence, '{}') || coalesce(n.fact_evidence, '{}') AS fact_evidence,
       coalesce(v.status, 'unknown') AS reverse_status, coalesce(v.names, '{}') AS reverse_names,
       coalesce(v.confirmed, 'unknown') AS reverse_confirmed,
       coalesce(a.status, 'unknown') AS caa_status, a.domain AS caa_domain, coalesce(a.records, '{}') AS caa, a.issuers AS caa_issuers
FROM mxgrade.domain d
JOIN mxgrade.mx_set_member b ON b.survey_id = d.survey_id AND b.mx_set = d.mx_set
LEFT JOIN mxgrade.exchange x ON x.survey_id = b.survey_id AND x.exchange = b.exchange
LEFT JOIN mxgrade.exchange_endpoint n ON n.survey_id = b.survey_id AND n.exchange = b.exchange
LEFT JOIN mxgrade.endpoint e ON e.survey_id = n.survey_id AND e.address = n.address
LEFT JOIN mxgrade.suite u ON u.suite = e.suite
LEFT JOIN mxgrade.reverse_name v ON v.survey_id = n.survey_id AND v.address = n.address
LEFT JOIN mxgrade.exchange_caa a ON a.survey_id = b.survey_id AND a.exchange = b.exchange;
COMMENT ON VIEW mxgrade.mx IS 'A row per domain, exchange and address, with everything known there; address is null where an exchange has none';
COMMENT ON COLUMN mxgrade.mx.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.mx.domain IS 'The domain';
COMMENT ON COLUMN mxgrade.mx.preference IS 'MX preference; 0 for an implicit MX';
COMMENT ON COLUMN mxgrade.mx.exchange IS 'MX host name';
COMMENT ON COLUMN mxgrade.mx.dns_status IS 'How its address lookups ended';
COMMENT ON COLUMN mxgrade.mx.exchange_grade IS 'Grade of the exchange: its worst reachable address';
COMMENT ON COLUMN mxgrade.mx.exchange_score IS 'Score of the exchange';
COMMENT ON COLUMN mxgrade.mx.exchange_provisional IS 'A fact behind that grade is unknown';
COMMENT ON COLUMN mxgrade.mx.exchange_reason IS 'Why the exchange is ungraded';
COMMENT ON COLUMN mxgrade.mx.forced_tls IS 'The exchange takes part in forced TLS';
COMMENT ON COLUMN mxgrade.mx.forced_tls_why IS 'The fact that it fails, or why it is unknown';
COMMENT ON COLUMN mxgrade.mx.exchange_flags IS 'Oddities of the exchange in DNS';
COMMENT ON COLUMN mxgrade.mx.address IS 'IP address';
COMMENT ON COLUMN mxgrade.mx.port IS 'TCP port';
COMMENT ON COLUMN mxgrade.mx.grade IS 'Grade of the exchange at this address';
COMMENT ON COLUMN mxgrade.mx.score IS 'Its score, 0 to 100';
COMMENT ON COLUMN mxgrade.mx.provisional IS 'A fact behind it is unknown';
COMMENT ON COLUMN mxgrade.mx.missing IS 'The unknown facts that the grade would have used';
COMMENT ON COLUMN mxgrade.mx.findings IS 'Codes of its findings (see finding)';
COMMENT ON COLUMN mxgrade.mx.reason IS 'Why it is ungraded or not fully known';
-- each fact: COMMENT ON COLUMN mxgrade.mx.{fact} IS '{meaning}';
COMMENT ON COLUMN mxgrade.mx.certificate IS 'SHA-256 of the leaf shown to this name (see certificate)';
COMMENT ON COLUMN mxgrade.mx.matched IS 'The SAN or CN that matched';
COMMENT ON COLUMN mxgrade.mx.matched_by_cn IS 'It was the CN';
COMMENT ON COLUMN mxgrade.mx.trust_error IS 'Why the chain is not trusted';
COMMENT ON COLUMN mxgrade.mx.chain_flags IS 'Of the chain: missing_intermediate, completed_by_store, wrong_purpose, self_signed, weak_key, sha1_signature, ocsp_stapled, unreadable';
COMMENT ON COLUMN mxgrade.mx.weak_keys IS 'Which certificates of the path have a short key: the leaf, an intermediate, the root';
COMMENT ON COLUMN mxgrade.mx.weak_signatures IS 'Which certificates of the path are signed with SHA-1 or MD5';
COMMENT ON COLUMN mxgrade.mx.san_match IS 'A subject alternative name matches; null = no certificate judged';
COMMENT ON COLUMN mxgrade.mx.cn_match IS 'The common name alone would match, whatever the alternative names say; null = no certificate judged';
COMMENT ON COLUMN mxgrade.mx.tls_version IS 'Version of the full handshake, as on the wire (771 = TLS 1.2)';
COMMENT ON COLUMN mxgrade.mx.suite IS 'Suite of the full handshake';
COMMENT ON COLUMN mxgrade.mx.key_group IS 'Its key exchange group';
COMMENT ON COLUMN mxgrade.mx.signature IS 'Its signature algorithm';
COMMENT ON COLUMN mxgrade.mx.weak_seen IS 'Weak classes seen';
COMMENT ON COLUMN mxgrade.mx.pq_group IS 'The post-quantum group selected';
COMMENT ON COLUMN mxgrade.mx.flags IS 'Oddities of the server';
COMMENT ON COLUMN mxgrade.mx.banner IS 'Greeting, sanitised';
COMMENT ON COLUMN mxgrade.mx.banner_lines IS 'All lines of the greeting, sanitised, at most 32';
COMMENT ON COLUMN mxgrade.mx.greeting_name IS 'The host that the greeting names, lower case; whether it is a full host name: greeting_names_host';
COMMENT ON COLUMN mxgrade.mx.greeting_name_is_mx IS 'That is the exchange''s name; null = it names none';
COMMENT ON COLUMN mxgrade.mx.ehlo_name IS 'The host that the reply to EHLO in clear names; whether it is a full host name: ehlo_names_host';
COMMENT ON COLUMN mxgrade.mx.ehlo_name_is_mx IS 'That is the exchange''s name; null = it names none';
COMMENT ON COLUMN mxgrade.mx.auth_mechanisms IS 'Mechanisms of AUTH that the EHLO reply in clear lists';
COMMENT ON COLUMN mxgrade.mx.size_limit IS 'The number behind SIZE (RFC 1870), octets; 0 = no fixed limit; null = none was given';
COMMENT ON COLUMN mxgrade.mx.connection_count IS 'Connections made in all';
COMMENT ON COLUMN mxgrade.mx.observed_at IS 'When the last stored probe ended';
COMMENT ON COLUMN mxgrade.mx.worker IS 'Who observed it';
COMMENT ON COLUMN mxgrade.mx.vantage IS 'Where that worker stands';
COMMENT ON COLUMN mxgrade.mx.fact_evidence IS 'Per fact: evidence, connection number, or the reason why it is unknown';
COMMENT ON COLUMN mxgrade.mx.reverse_status IS 'Whether the address has PTR records: unknown, none, found';
COMMENT ON COLUMN mxgrade.mx.reverse_names IS 'Their names, the first eight in the alphabet';
COMMENT ON COLUMN mxgrade.mx.reverse_confirmed IS 'Whether one of them has this address among its own';
COMMENT ON COLUMN mxgrade.mx.caa_status IS 'Whether CAA records hold for the exchange: unknown, none, found';
COMMENT ON COLUMN mxgrade.mx.caa_domain IS 'Where they stand';
COMMENT ON COLUMN mxgrade.mx.caa IS 'The records: flags, property, value';
COMMENT ON COLUMN mxgrade.mx.caa_issuers IS 'Who may issue certificates by them; empty: nobody; null: anybody';

CREATE VIEW mxgrade.endpoint_fact AS
SELECT e.survey_id, e.address, NULL::text AS exchange, f.fact, f.value,
       e.fact_evidence -> f.fact ->> 'evidence' AS evidence,
       e.fact_evidence -> f.fact ->> 'reason' AS reason,
       (e.fact_evidence -> f.fact ->> 'connection')::integer AS connection,
       (e.fact_evidence -> f.fact ->> 'attempts')::integer AS attempts,
       make_interval(secs => (e.fact_evidence -> f.fact ->> 'seconds')::bigint) AS span
FROM mxgrade.endpoint e
CROSS JOIN LATERAL (VALUES
    -- each endpoint fact, commas between: ('{fact}', e.{fact})
    ) f (fact, value)
UNION ALL
SELECT n.survey_id, n.address, n.exchange, f.fact, f.value,
       n.fact_evidence -> f.fact ->> 'evidence',
       n.fact_evidence -> f.fact ->> 'reason',
       (n.fact_evidence -> f.fact ->> 'connection')::integer, NULL, NULL
FROM mxgrade.exchange_endpoint n
CROSS JOIN LATERAL (VALUES
    -- each name fact, commas between: ('{fact}', n.{fact})
    ) f (fact, value);
COMMENT ON VIEW mxgrade.endpoint_fact IS 'A row per fact: of an endpoint (exchange is null), or of an exchange name on it';
COMMENT ON COLUMN mxgrade.endpoint_fact.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.endpoint_fact.address IS 'IP address';
COMMENT ON COLUMN mxgrade.endpoint_fact.exchange IS 'The name that a certificate fact is about';
COMMENT ON COLUMN mxgrade.endpoint_fact.fact IS 'Key of the fact';
COMMENT ON COLUMN mxgrade.endpoint_fact.value IS 'yes, no or unknown';
COMMENT ON COLUMN mxgrade.endpoint_fact.evidence IS 'observed, inferred or shared; null if unknown';
COMMENT ON COLUMN mxgrade.endpoint_fact.reason IS 'Why it is unknown';
COMMENT ON COLUMN mxgrade.endpoint_fact.connection IS 'The connection that showed it, from 1';
COMMENT ON COLUMN mxgrade.endpoint_fact.attempts IS 'Attempts that it is inferred from (tls_broken)';
COMMENT ON COLUMN mxgrade.endpoint_fact.span IS 'Time from the first of those attempts to the last';

CREATE VIEW mxgrade.connection AS
SELECT e.survey_id, e.address, (c.entry ->> 'number')::integer AS connection, c.entry ->> 'step' AS step,
       c.entry ->> 'offered' AS offered, c.entry ->> 'outcome' AS outcome,
       (c.entry ->> 'version')::integer AS tls_version, u.name AS suite, (c.entry ->> 'group')::integer AS key_group,
       (c.entry ->> 'alert')::integer AS alert, c.entry ->> 'reason' AS reason, c.entry ->> 'detail' AS detail,
       (c.entry ->> 'ms')::integer AS ms
FROM mxgrade.endpoint e
CROSS JOIN LATERAL jsonb_array_elements(e.connections) AS c (entry)
LEFT JOIN mxgrade.suite u ON u.suite = (c.entry ->> 'suite')::integer;
COMMENT ON VIEW mxgrade.connection IS 'A row per connection made to an endpoint, the last 64: the evidence that facts name by number';
COMMENT ON COLUMN mxgrade.connection.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.connection.address IS 'IP address';
COMMENT ON COLUMN mxgrade.connection.connection IS 'Its number, from 1 over all attempts';
COMMENT ON COLUMN mxgrade.connection.step IS 'Step of the probe plan';
COMMENT ON COLUMN mxgrade.connection.offered IS 'Versions and suites offered';
COMMENT ON COLUMN mxgrade.connection.outcome IS 'How it ended';
COMMENT ON COLUMN mxgrade.connection.tls_version IS 'Version selected, as on the wire (771 = TLS 1.2)';
COMMENT ON COLUMN mxgrade.connection.suite IS 'Suite selected';
COMMENT ON COLUMN mxgrade.connection.key_group IS 'Key exchange group selected, its code point';
COMMENT ON COLUMN mxgrade.connection.alert IS 'Alert received, its number';
COMMENT ON COLUMN mxgrade.connection.reason IS 'Why it brought no answer';
COMMENT ON COLUMN mxgrade.connection.detail IS 'For people';
COMMENT ON COLUMN mxgrade.connection.ms IS 'How long it took';

CREATE VIEW mxgrade.finding AS
SELECT n.survey_id, n.exchange, n.address, c.code, c.weight, c.title, c.recommendation,
       CASE c.code WHEN 'WEAK_KEY' THEN n.weak_keys WHEN 'SHA1_SIGNATURE' THEN n.weak_signatures END AS detail
FROM mxgrade.exchange_endpoint n
CROSS JOIN LATERAL unnest(n.findings) AS f (code)
JOIN mxgrade.finding_code c ON c.code = f.code;
COMMENT ON VIEW mxgrade.finding IS 'Findings, one row each; join mx on exchange for the domains concerned';
COMMENT ON COLUMN mxgrade.finding.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.finding.exchange IS 'MX host name';
COMMENT ON COLUMN mxgrade.finding.address IS 'IP address';
COMMENT ON COLUMN mxgrade.finding.code IS 'Stable code';
COMMENT ON COLUMN mxgrade.finding.weight IS 'fatal, significant (-30), slight (-5) or advice (0)';
COMMENT ON COLUMN mxgrade.finding.title IS 'What was found';
COMMENT ON COLUMN mxgrade.finding.recommendation IS 'What the operator should change';
COMMENT ON COLUMN mxgrade.finding.detail IS 'What it is about, where that is known: which certificates of the path';

CREATE VIEW mxgrade.certificate AS
SELECT sha256, spki_sha256, subject_cn, subject, issuer, serial, san, san_total, key_type, key_bits, signature,
       not_before, not_after, self_signed, chain, first_seen, octet_length(der) AS octets, parse_error,
       round(extract(epoch FROM not_after - not_before) / 86400, 1) AS lifetime_days, is_ca, sct_count, must_staple, ocsp_urls,
       crl_urls, policy_oids
FROM mxgrade.certificate_row;
COMMENT ON VIEW mxgrade.certificate IS 'Certificates, leaves and what servers sent behind them (chain is null), stored once for all surveys';
COMMENT ON COLUMN mxgrade.certificate.sha256 IS 'SHA-256 of the DER';
COMMENT ON COLUMN mxgrade.certificate.spki_sha256 IS 'SHA-256 of its public key info';
COMMENT ON COLUMN mxgrade.certificate.subject_cn IS 'Common name';
COMMENT ON COLUMN mxgrade.certificate.subject IS 'Subject';
COMMENT ON COLUMN mxgrade.certificate.issuer IS 'Issuer';
COMMENT ON COLUMN mxgrade.certificate.serial IS 'Serial number, hexadecimal';
COMMENT ON COLUMN mxgrade.certificate.san IS 'SAN dNSNames, the first 1,000';
COMMENT ON COLUMN mxgrade.certificate.san_total IS 'How many there are';
COMMENT ON COLUMN mxgrade.certificate.key_type IS 'RSA, EC …';
COMMENT ON COLUMN mxgrade.certificate.key_bits IS 'Key size';
COMMENT ON COLUMN mxgrade.certificate.signature IS 'Signature algorithm on the certificate';
COMMENT ON COLUMN mxgrade.certificate.not_before IS 'Valid from';
COMMENT ON COLUMN mxgrade.certificate.not_after IS 'Valid until';
COMMENT ON COLUMN mxgrade.certificate.self_signed IS 'It is signed with its own key; where chain is null: it names itself as issuer';
COMMENT ON COLUMN mxgrade.certificate.chain IS 'SHA-256 of the certificates that came behind it when first seen as a leaf (see chain_certificate); null = it came only behind others';
COMMENT ON COLUMN mxgrade.certificate.first_seen IS 'When it was first stored';
COMMENT ON COLUMN mxgrade.certificate.octets IS 'Size of the DER';
COMMENT ON COLUMN mxgrade.certificate.parse_error IS 'Why it cannot be read: then only its hash and size are known';
COMMENT ON COLUMN mxgrade.certificate.lifetime_days IS 'Days from not_before to not_after';
COMMENT ON COLUMN mxgrade.certificate.is_ca IS 'Basic constraints make it a CA; null, here and below = the extension cannot be read';
COMMENT ON COLUMN mxgrade.certificate.sct_count IS 'Signed certificate timestamps (RFC 6962) in it';
COMMENT ON COLUMN mxgrade.certificate.must_staple IS 'It asks for a stapled OCSP response (RFC 7633)';
COMMENT ON COLUMN mxgrade.certificate.ocsp_urls IS 'OCSP responders, the first eight';
COMMENT ON COLUMN mxgrade.certificate.crl_urls IS 'CRL distribution points, the first eight';
COMMENT ON COLUMN mxgrade.certificate.policy_oids IS 'Policy identifiers, the first sixteen';

CREATE VIEW mxgrade.chain_certificate AS
SELECT l.sha256 AS leaf, b.place, b.sha256, c.sha256 IS NOT NULL AS stored, c.subject, c.issuer, c.key_type, c.key_bits,
       c.signature, c.not_before, c.not_after, round(extract(epoch FROM c.not_after - c.not_before) / 86400, 1) AS lifetime_days,
       c.is_ca, c.self_signed, c.parse_error
FROM mxgrade.certificate_row l
CROSS JOIN LATERAL unnest(l.chain) WITH ORDINALITY AS b (sha256, place)
LEFT JOIN mxgrade.certificate_row c ON c.sha256 = b.sha256;
COMMENT ON VIEW mxgrade.chain_certificate IS 'What came behind each leaf when it was first seen, one row each: not all of it need be of use, and the root may be missing';
COMMENT ON COLUMN mxgrade.chain_certificate.leaf IS 'SHA-256 of the leaf (mx.certificate)';
COMMENT ON COLUMN mxgrade.chain_certificate.place IS 'Place behind the leaf, from 1';
COMMENT ON COLUMN mxgrade.chain_certificate.sha256 IS 'SHA-256 of the DER';
COMMENT ON COLUMN mxgrade.chain_certificate.stored IS 'The certificate is stored; if not, it was too large, and nothing below is known';
COMMENT ON COLUMN mxgrade.chain_certificate.subject IS 'Subject';
COMMENT ON COLUMN mxgrade.chain_certificate.issuer IS 'Issuer';
COMMENT ON COLUMN mxgrade.chain_certificate.key_type IS 'RSA, EC …';
COMMENT ON COLUMN mxgrade.chain_certificate.key_bits IS 'Key size';
COMMENT ON COLUMN mxgrade.chain_certificate.signature IS 'Signature algorithm on it';
COMMENT ON COLUMN mxgrade.chain_certificate.not_before IS 'Valid from';
COMMENT ON COLUMN mxgrade.chain_certificate.not_after IS 'Valid until';
COMMENT ON COLUMN mxgrade.chain_certificate.lifetime_days IS 'Days from not_before to not_after';
COMMENT ON COLUMN mxgrade.chain_certificate.is_ca IS 'Basic constraints make it a CA; null = cannot be read';
COMMENT ON COLUMN mxgrade.chain_certificate.self_signed IS 'It names itself as issuer';
COMMENT ON COLUMN mxgrade.chain_certificate.parse_error IS 'Why it cannot be read';
