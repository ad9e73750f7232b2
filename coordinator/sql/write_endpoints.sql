-- Addresses become endpoints; a reserved one is settled at once, without a probe.
INSERT INTO mxgrade.endpoint (survey_id, address, port, shuffle, next_probe_at, facts_known, reason)
SELECT DISTINCT ON (address) $1::integer, address, $2::integer, shuffle,
       CASE WHEN refused THEN NULL ELSE now() END, refused, CASE WHEN refused THEN 'refused_by_policy' END
FROM stage_address ORDER BY address
ON CONFLICT DO NOTHING
