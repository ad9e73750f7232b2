-- $1 name, $2 attempts, $3 milliseconds before the second attempt.
SELECT mxgrade.create_survey($1, $2, make_interval(secs => $3::bigint / 1000.0))
