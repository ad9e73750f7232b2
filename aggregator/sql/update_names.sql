-- $1 survey. The certificates as the names saw them. A name counts as judged when something was learnt
-- or when its endpoint will not be asked again.
-- Connections of a later attempt stand behind the earlier ones, so their numbers move up (see update_endpoints.sql,
-- which has added them up already).
-- (BETWEEN: by the primary key, never through an address that a million names share.)
WITH judged AS (
    UPDATE mxgrade.exchange_endpoint x SET
        judged_at = coalesce(x.judged_at, CASE WHEN e.next_probe_at IS NULL
            -- each name fact: OR n.{fact} <> 'unknown'
            THEN now() END),
        certificate = coalesce(n.certificate, x.certificate),
        -- each name fact: {fact} = coalesce(nullif(n.{fact}, 'unknown'), x.{fact}),
        -- What is known keeps its evidence; an unknown has the newest reason.
        fact_evidence = CASE
            WHEN x.fact_evidence IS NULL AND e.connection_count = s.connection_count THEN n.why_unknown || n.evidence
            ELSE coalesce(x.fact_evidence, '{}') || n.why_unknown
              || (SELECT coalesce(jsonb_object_agg(key, value), '{}')
                  FROM jsonb_each(x.fact_evidence) WHERE value ? 'evidence')
              || (SELECT coalesce(jsonb_object_agg(key, CASE WHEN value ? 'connection'
                      THEN jsonb_set(value, '{connection}', to_jsonb((value ->> 'connection')::int + e.connection_count
                                                                     - s.connection_count)) ELSE value END), '{}')
                  FROM jsonb_each(n.evidence)) END,
        matched = CASE WHEN n.cert_name_match = 'unknown' THEN x.matched ELSE n.matched END,
        matched_by_cn = CASE WHEN n.cert_name_match = 'unknown' THEN x.matched_by_cn ELSE n.matched_by_cn END,
        trust_error = CASE WHEN n.cert_trusted = 'unknown' THEN x.trust_error ELSE n.trust_error END,
        chain_flags = CASE WHEN n.certificate IS NULL THEN x.chain_flags ELSE n.chain_flags END,
        weak_keys = CASE WHEN n.certificate IS NULL THEN x.weak_keys ELSE n.weak_keys END,
        weak_signatures = CASE WHEN n.certificate IS NULL THEN x.weak_signatures ELSE n.weak_signatures END,
        san_match = coalesce(n.san_match, x.san_match),
        cn_match = coalesce(n.cn_match, x.cn_match),
        dane = coalesce(nullif(n.dane, 'not_asked'), x.dane),
        dane_why = CASE WHEN n.dane = 'not_asked' THEN x.dane_why ELSE n.dane_why END
    FROM staged_name n
    JOIN mxgrade.endpoint e ON e.survey_id = $1 AND e.address = n.address
    JOIN staged_endpoint s ON s.address = n.address
    WHERE x.survey_id = $1 AND x.exchange = n.exchange AND x.address BETWEEN n.address AND n.address
    RETURNING x.exchange, x.address)
INSERT INTO touched SELECT * FROM judged
