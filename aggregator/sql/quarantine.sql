-- The same culprit comes again when its batch or its message does.
INSERT INTO mxgrade.quarantine (worker, survey_id, address, job, why, message) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
