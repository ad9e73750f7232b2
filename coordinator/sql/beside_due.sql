-- Up to $3 exchanges (t) and addresses of survey $1 that nobody has asked after, but for those in $2.
SELECT caa, key FROM (
    (SELECT false AS caa, host(address) AS key FROM mxgrade.reverse_name
     WHERE survey_id = $1 AND asked_at IS NULL AND host(address) <> ALL ($2::text[]) LIMIT $3::integer)
    UNION ALL
    (SELECT true, exchange FROM mxgrade.exchange_caa
     WHERE survey_id = $1 AND asked_at IS NULL AND exchange <> ALL ($2::text[]) LIMIT $3::integer)) due
LIMIT $3::integer
