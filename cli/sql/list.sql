SELECT survey_id AS "Survey", state AS "State", lines AS "Lines",
       to_char(submitted_at, 'YYYY-MM-DD HH24:MI') AS "Submitted",
       coalesce(to_char(completed_at, 'YYYY-MM-DD HH24:MI'), '') AS "Complete", name AS "Name"
FROM mxgrade.survey_summary ORDER BY survey_id
