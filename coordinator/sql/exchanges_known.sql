-- Which of the exchanges $2 were looked up in survey $1 already; those that got no answer and are due again were not.
SELECT exchange, dns_status FROM mxgrade.exchange
WHERE survey_id = $1 AND exchange = ANY ($2::text[]) AND dns_status <> 'pending'
  AND NOT (dns_status IN ('servfail', 'timeout') AND next_resolve_at IS NOT NULL AND next_resolve_at <= now())
