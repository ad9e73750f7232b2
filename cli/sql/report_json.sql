-- $1 survey, $2 domain, $3 its Unicode form: everything about it as one JSON object.
SELECT jsonb_pretty(to_jsonb(g) - 'mx_set' || jsonb_build_object(
    'domain_unicode', $3::text, 'dnssec', p.dnssec, 'dane', p.dane,
    'mta_sts', (SELECT to_jsonb(s) - '{survey_id,domain}'::text[]
                FROM mxgrade.mta_sts s WHERE s.survey_id = g.survey_id AND s.domain = g.domain),
    'tlsrpt', jsonb_build_object('status', p.tlsrpt, 'reason', p.tlsrpt_why, 'rua', p.tlsrpt_rua),
    'findings', (SELECT coalesce(jsonb_agg(to_jsonb(f) - '{survey_id,domain}'::text[] ORDER BY f.code, f.exchange), '[]')
                 FROM mxgrade.domain_finding f WHERE f.survey_id = g.survey_id AND f.domain = g.domain),
    'mx', (
    SELECT coalesce(jsonb_agg(x.exchange ORDER BY x.preference, x.name), '[]')
    FROM (
        SELECT m.preference, m.exchange AS name, jsonb_build_object(
                   'preference', m.preference, 'exchange', m.exchange, 'dns_status', m.dns_status,
                   'flags', m.exchange_flags, 'grade', m.exchange_grade, 'score', m.exchange_score,
                   'provisional', m.exchange_provisional, 'reason', m.exchange_reason,
                   'forced_tls', m.forced_tls, 'forced_tls_why', m.forced_tls_why,
                   'dnssec', d.exchange_dnssec, 'tlsa_base', d.tlsa_base, 'tlsa', d.tlsa,
                   'caa', jsonb_build_object('status', m.caa_status, 'domain', m.caa_domain, 'records', m.caa,
                                             'issuers', m.caa_issuers),
                   'addresses', coalesce(jsonb_agg(a.address ORDER BY m.address)
                                         FILTER (WHERE m.address IS NOT NULL), '[]')) AS exchange
        FROM mxgrade.mx m
        JOIN mxgrade.dane d ON d.survey_id = m.survey_id AND d.domain = m.domain AND d.exchange = m.exchange
                               AND d.address IS NOT DISTINCT FROM m.address
        CROSS JOIN LATERAL (
            SELECT jsonb_build_object(
                'address', host(m.address), 'port', m.port, 'grade', m.grade, 'score', m.score,
                'provisional', m.provisional, 'missing', m.missing, 'reason', m.reason, 'flags', m.flags,
                'facts', (SELECT jsonb_object_agg(k.key, jsonb_build_object('value', to_jsonb(m) -> k.key)
                                                         || coalesce(m.fact_evidence -> k.key, '{}'))
                          FROM unnest(ARRAY[
                          -- each fact, commas between: '{fact}'
                          ]) AS k (key)),
                'findings', (SELECT coalesce(jsonb_agg(to_jsonb(f) - '{survey_id,exchange,address}'::text[]), '[]')
                             FROM mxgrade.finding f
                             WHERE f.survey_id = m.survey_id AND f.exchange = m.exchange AND f.address = m.address),
                'reverse', jsonb_build_object('status', m.reverse_status, 'names', m.reverse_names,
                                              'confirmed', m.reverse_confirmed),
                'dane', jsonb_build_object('status', d.status, 'why', d.why),
                'handshake', jsonb_build_object('version', m.tls_version, 'suite', m.suite, 'group', m.key_group,
                                                'signature', m.signature),
                'weak_seen', m.weak_seen, 'pq_group', m.pq_group, 'banner', m.banner,
                'banner_lines', m.banner_lines, 'greeting_name', m.greeting_name,
                'greeting_name_is_mx', m.greeting_name_is_mx, 'ehlo_name', m.ehlo_name, 'ehlo_name_is_mx', m.ehlo_name_is_mx,
                'auth_mechanisms', m.auth_mechanisms, 'size_limit', m.size_limit,
                'certificate', (SELECT to_jsonb(c) - 'chain' || jsonb_build_object(
                                           'sha256', encode(c.sha256, 'hex'),
                                           'spki_sha256', encode(c.spki_sha256, 'hex'),
                                           'matched', m.matched, 'matched_by_cn', m.matched_by_cn,
                                           'san_match', m.san_match, 'cn_match', m.cn_match, 'flags', m.chain_flags,
                                           'weak_keys', m.weak_keys, 'weak_signatures', m.weak_signatures,
                                           'trust_error', m.trust_error,
                                           'chain', (SELECT coalesce(jsonb_agg(to_jsonb(b) - 'leaf' || jsonb_build_object(
                                                                'sha256', encode(b.sha256, 'hex')) ORDER BY b.place), '[]')
                                                     FROM mxgrade.chain_certificate b WHERE b.leaf = m.certificate))
                                FROM mxgrade.certificate c WHERE c.sha256 = m.certificate),
                'connections', m.connection_count, 'observed_at', m.observed_at, 'worker', m.worker,
                'vantage', m.vantage) AS address) a
        WHERE m.survey_id = g.survey_id AND m.domain = g.domain
        GROUP BY m.preference, m.exchange, m.dns_status, m.exchange_flags, m.exchange_grade, m.exchange_score,
                 m.exchange_provisional, m.exchange_reason, m.forced_tls, m.forced_tls_why,
                 d.exchange_dnssec, d.tlsa_base, d.tlsa, m.caa_status, m.caa_domain, m.caa, m.caa_issuers) x)))
FROM mxgrade.domain_grade g
JOIN mxgrade.domain_policy p ON p.survey_id = g.survey_id AND p.domain = g.domain
WHERE g.survey_id = $1 AND g.domain = $2
