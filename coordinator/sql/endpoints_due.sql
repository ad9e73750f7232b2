-- The next $4 endpoints of survey $1 to probe, in pseudo-random order behind ($2, $3), with the names to judge there:
-- all of them when the endpoint itself is asked, else those that were not judged yet, these first; their TLSA records, a
-- line a name (its place, base domain, records, separated by tabs), at most 256 KiB of them; and where the last attempt
-- stopped. One query a page.
SELECT host(e.address), e.port, e.facts_known, e.attempts, e.shuffle, n.names, CASE WHEN NOT e.facts_known THEN e.resume END,
       n.judged, n.tlsa
FROM mxgrade.endpoint e
CROSS JOIN LATERAL (
    SELECT string_agg(p.exchange, E'\n' ORDER BY p.place) AS names,
           count(*) FILTER (WHERE p.judged_at IS NOT NULL) AS judged,
           string_agg(p.tlsa, E'\n' ORDER BY p.place) FILTER (WHERE p.octets <= 262144) AS tlsa
    FROM (SELECT x.exchange, x.judged_at, x.place, t.tlsa, sum(octet_length(t.tlsa)) OVER (ORDER BY x.place) AS octets
          FROM (SELECT exchange, judged_at, row_number() OVER (ORDER BY judged_at IS NOT NULL, exchange) AS place
                FROM (SELECT exchange, judged_at FROM mxgrade.exchange_endpoint
                      WHERE survey_id = e.survey_id AND address = e.address AND (NOT e.facts_known OR judged_at IS NULL)
                      ORDER BY judged_at IS NOT NULL, exchange LIMIT 1000) y) x
          LEFT JOIN mxgrade.exchange c
            ON c.survey_id = $1 AND c.exchange = x.exchange AND c.tlsa_status = 'secure' AND c.tlsa <> '{}'
          CROSS JOIN LATERAL (SELECT CASE WHEN c.exchange IS NOT NULL THEN
              concat_ws(E'\t', x.place - 1, c.tlsa_base, array_to_string(c.tlsa, E'\t')) END AS tlsa) t) p
) n
WHERE e.survey_id = $1 AND e.next_probe_at <= now() AND (e.shuffle, e.address) > ($2::integer, $3::inet)
ORDER BY e.shuffle, e.address LIMIT $4::integer
