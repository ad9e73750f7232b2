-- $1 survey.
WITH completed AS (
    UPDATE mxgrade.survey SET state = 'complete', completed_at = now() WHERE survey_id = $1 RETURNING survey_id)
SELECT pg_notify('mxgrade_complete', survey_id::text) FROM completed
