-- MX sets that the survey does not have yet, and their members.
WITH sets AS (
    INSERT INTO mxgrade.mx_set (survey_id, mx_set, mx_total)
    SELECT $1::integer, mx_set, count(DISTINCT exchange) FROM stage_member GROUP BY mx_set ORDER BY mx_set
    ON CONFLICT DO NOTHING
)
INSERT INTO mxgrade.mx_set_member (survey_id, mx_set, exchange, preference)
SELECT DISTINCT $1::integer, mx_set, exchange, preference FROM stage_member ORDER BY mx_set, exchange
ON CONFLICT DO NOTHING
