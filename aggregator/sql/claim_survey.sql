-- A survey that waits for its final grades, held so that no other aggregator takes it up.
SELECT survey_id FROM mxgrade.survey WHERE state = 'grading' ORDER BY survey_id LIMIT 1 FOR UPDATE SKIP LOCKED
