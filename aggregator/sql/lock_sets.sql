-- $1 survey, $2 exchanges that changed. As lock_exchanges.sql, for the MX sets that they are in.
SELECT array_agg(mx_set)
FROM (SELECT mx_set FROM mxgrade.mx_set
      WHERE survey_id = $1
        AND mx_set IN (SELECT mx_set FROM mxgrade.mx_set_member WHERE survey_id = $1 AND exchange = ANY ($2::text[]))
      ORDER BY mx_set FOR UPDATE) held
