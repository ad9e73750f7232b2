-- $1 survey, $2 domain: findings of its exchanges, gravest first.
SELECT f.exchange, host(f.address) AS address, f.code, f.weight, f.title, f.recommendation
FROM (SELECT DISTINCT exchange, address, preference FROM mxgrade.mx WHERE survey_id = $1 AND domain = $2) m
JOIN mxgrade.finding f ON f.survey_id = $1 AND f.exchange = m.exchange AND f.address = m.address
ORDER BY array_position(ARRAY['fatal', 'significant', 'slight', 'advice'], f.weight), f.code, m.preference, f.exchange,
         family(f.address), f.address
