-- $1 survey. What no result has touched (addresses that were never contacted, for one).
INSERT INTO touched
SELECT exchange, address FROM mxgrade.exchange_endpoint WHERE survey_id = $1 AND grade IS NULL AND reason IS NULL
