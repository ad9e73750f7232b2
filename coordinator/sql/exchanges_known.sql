-- Which of the exchanges $2 were looked up in survey $1 already.
SELECT exchange, dns_status FROM mxgrade.exchange
WHERE survey_id = $1 AND exchange = ANY ($2::text[]) AND dns_status <> 'pending'
