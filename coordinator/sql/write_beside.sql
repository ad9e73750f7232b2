-- Answers for survey $1; if it was dropped meanwhile there is nothing to write to.
WITH reverse AS (
    UPDATE mxgrade.reverse_name r SET asked_at = now(), status = s.status, names = s.names, confirmed = s.confirmed
    FROM stage_reverse s WHERE r.survey_id = $1 AND r.address = s.address)
UPDATE mxgrade.exchange_caa c SET asked_at = now(), status = s.status, domain = s.domain, records = s.records, issuers = s.issuers
FROM stage_caa s WHERE c.survey_id = $1 AND c.exchange = s.exchange
