-- $1 survey. On a settled endpoint without TLS there is no certificate to judge: its remaining names are
-- done too. So are they when the result judged none at all, lest the endpoint be asked for ever.
-- (LATERAL … OFFSET 0: look endpoints up one by one, whatever the statistics say of next_probe_at.)
WITH settled AS (
    UPDATE mxgrade.exchange_endpoint x SET judged_at = now()
    FROM staged_endpoint s
    CROSS JOIN LATERAL (SELECT next_probe_at, tls_enabled FROM mxgrade.endpoint
                        WHERE survey_id = $1 AND address = s.address OFFSET 0) e
    WHERE x.survey_id = $1 AND x.address = s.address AND x.judged_at IS NULL AND e.next_probe_at IS NULL
      AND (e.tls_enabled <> 'yes' OR s.address NOT IN (SELECT address FROM touched))
    RETURNING x.exchange, x.address)
INSERT INTO touched SELECT * FROM settled
