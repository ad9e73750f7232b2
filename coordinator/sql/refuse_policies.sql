-- Policies of survey $1 that the blocklist came to forbid: of the domains $2 the address $3 beside each, or the host whole
-- where that is null. While another address is left it is the other's turn; what is known of them stays.
UPDATE mxgrade.mta_sts_policy p
SET addresses = l.addresses, next_fetch_at = CASE WHEN l.addresses <> '{}' THEN p.next_fetch_at END,
    status = CASE WHEN l.addresses = '{}' AND p.status = 'pending' THEN 'unknown' ELSE p.status END,
    why = CASE WHEN l.addresses = '{}' AND p.status IN ('pending', 'unknown') THEN 'refused_by_policy' ELSE p.why END
FROM unnest($2::text[], $3::inet[]) AS r (domain, address)
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.address IS NULL THEN '{}' ELSE array_remove(q.addresses, r.address) END AS addresses
    FROM mxgrade.mta_sts_policy q WHERE q.survey_id = $1 AND q.domain = r.domain) l
WHERE p.survey_id = $1 AND p.domain = r.domain
