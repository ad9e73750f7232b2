-- $1 survey. New facts about an endpoint concern the names judged there earlier, too.
INSERT INTO touched
SELECT x.exchange, x.address
FROM staged_endpoint s JOIN mxgrade.exchange_endpoint x ON x.survey_id = $1 AND x.address = s.address
WHERE NOT s.names_only AND x.judged_at < now()
