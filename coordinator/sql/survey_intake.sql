-- Takes in the next $2 lines of survey $1: its distinct names become domains, and the cursor moves, in one statement.
WITH span AS (
    SELECT survey_id, intake_line AS after, least(intake_line + $2::bigint, lines) AS upto
    FROM mxgrade.survey WHERE survey_id = $1 FOR UPDATE
), taken AS (
    INSERT INTO mxgrade.domain (survey_id, name, first_line, rank)
    SELECT DISTINCT ON (l.name) l.survey_id, l.name, l.line_no, l.rank
    FROM span JOIN mxgrade.submitted_line l
      ON l.survey_id = $1 AND l.line_no > span.after AND l.line_no <= span.upto AND l.name IS NOT NULL
    ORDER BY l.name, l.line_no
    ON CONFLICT DO NOTHING
)
UPDATE mxgrade.survey s
SET intake_line = span.upto, state = 'running', started_at = coalesce(s.started_at, now())
FROM span WHERE s.survey_id = span.survey_id
RETURNING s.intake_line
