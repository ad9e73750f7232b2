-- $1 survey, $2 name, $3 attempts, $4 milliseconds before the second attempt, $5 lines.
SELECT mxgrade.store_survey($1, $2, $3, make_interval(secs => $4::bigint / 1000.0), $5)
