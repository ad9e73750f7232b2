-- $1 survey, $2 domain: findings of its exchanges and of the domain itself, gravest first. record: what to publish.
SELECT f.exchange, f.code, f.weight, f.title, f.recommendation, f.detail, f.record
FROM (
    SELECT m.preference, f.exchange, f.address, f.code, f.weight, f.title, f.recommendation, f.detail, NULL AS record
    FROM (SELECT DISTINCT exchange, address, preference FROM mxgrade.mx WHERE survey_id = $1 AND domain = $2) m
    JOIN mxgrade.finding f ON f.survey_id = $1 AND f.exchange = m.exchange AND f.address = m.address
    UNION ALL
    SELECT m.preference, f.exchange, NULL, f.code, f.weight, f.title, f.recommendation, NULL, f.record
    FROM mxgrade.domain_finding f
    LEFT JOIN (SELECT DISTINCT exchange, preference FROM mxgrade.mx WHERE survey_id = $1 AND domain = $2) m
        ON m.exchange = f.exchange
    WHERE f.survey_id = $1 AND f.domain = $2) f
ORDER BY array_position(ARRAY['fatal', 'significant', 'slight', 'advice'], f.weight), f.code, f.preference NULLS FIRST, f.exchange,
         family(f.address), f.address
