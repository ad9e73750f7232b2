-- Exchange names on addresses. A name that is new on an endpoint already settled makes it due again, for the name alone.
WITH names AS (
    INSERT INTO mxgrade.exchange_endpoint (survey_id, exchange, address, judged_at, reason)
    SELECT DISTINCT ON (exchange, address) $1::integer, exchange, address,
           CASE WHEN refused THEN now() END, CASE WHEN refused THEN 'refused_by_policy' END
    FROM stage_address ORDER BY exchange, address
    ON CONFLICT DO NOTHING
    RETURNING address, judged_at
)
UPDATE mxgrade.endpoint e SET next_probe_at = now()
FROM (SELECT DISTINCT address FROM names WHERE judged_at IS NULL) n
WHERE e.survey_id = $1 AND e.address = n.address AND e.next_probe_at IS NULL
