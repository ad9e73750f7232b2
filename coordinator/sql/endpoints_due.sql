-- The next $4 endpoints of survey $1 to probe, in pseudo-random order behind ($2, $3), with the names to judge there:
-- all of them when the endpoint itself is asked, else those that were not judged yet, these first; and where the last
-- attempt stopped. One query a page.
SELECT host(e.address), e.port, e.facts_known, e.attempts, e.shuffle, n.names, CASE WHEN NOT e.facts_known THEN e.resume END,
       n.judged
FROM mxgrade.endpoint e
CROSS JOIN LATERAL (
    SELECT string_agg(x.exchange, E'\n' ORDER BY x.judged_at IS NOT NULL, x.exchange) AS names,
           count(*) FILTER (WHERE x.judged_at IS NOT NULL) AS judged
    FROM (SELECT exchange, judged_at FROM mxgrade.exchange_endpoint x
          WHERE x.survey_id = e.survey_id AND x.address = e.address AND (NOT e.facts_known OR x.judged_at IS NULL)
          ORDER BY x.judged_at IS NOT NULL, exchange LIMIT 1000) x
) n
WHERE e.survey_id = $1 AND e.next_probe_at <= now() AND (e.shuffle, e.address) > ($2::integer, $3::inet)
ORDER BY e.shuffle, e.address LIMIT $4::integer
