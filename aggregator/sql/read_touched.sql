-- $1 survey. All that grade_endpoint() wants of the touched rows; the facts carry their keys of facts.h.
-- (BETWEEN: see update_names.sql.)
DECLARE touched_rows NO SCROLL CURSOR FOR
SELECT x.exchange, x.address, v.policy, e.reason,
       -- each endpoint fact: e.{fact},
       -- each name fact: x.{fact},
       'starttls_stripped' = ANY (e.flags) AS starttls_stripped,
       'inconsistent' = ANY (e.flags) AS inconsistent,
       coalesce(c.key_type IN ('RSA', 'DSA') AND c.key_bits < 2048 OR c.key_type = 'EC' AND c.key_bits < 224, false)
           OR 'weak_key' = ANY (x.chain_flags) AS weak_key,
       coalesce(c.signature ~* 'sha-?1($|[^0-9])|md[245]', false)
           OR 'sha1_signature' = ANY (x.chain_flags) AS sha1_signature,
       extract(epoch FROM coalesce(e.observed_at, now()))::bigint AS now,
       coalesce(extract(epoch FROM c.not_before)::bigint, 0) AS not_before,
       coalesce(extract(epoch FROM c.not_after)::bigint, 0) AS not_after
FROM (SELECT DISTINCT exchange, address FROM touched) t
JOIN mxgrade.exchange_endpoint x ON x.survey_id = $1 AND x.exchange = t.exchange AND x.address BETWEEN t.address AND t.address
JOIN mxgrade.endpoint e ON e.survey_id = $1 AND e.address = t.address
JOIN mxgrade.survey v ON v.survey_id = $1
LEFT JOIN mxgrade.certificate_row c ON c.sha256 = x.certificate
