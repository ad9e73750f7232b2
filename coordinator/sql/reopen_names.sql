-- TLSA records that could not be learnt before: the names judged without them are judged again (sweep_names.sql makes
-- their endpoints due). Before write_exchanges.sql, which forgets what was known.
UPDATE mxgrade.exchange_endpoint n SET judged_at = NULL
FROM stage_exchange f
JOIN mxgrade.exchange x ON x.survey_id = $1 AND x.exchange = f.exchange
WHERE f.tlsa_status = 'secure' AND x.tlsa_status <> 'secure'
  AND n.survey_id = $1 AND n.exchange = f.exchange AND n.judged_at IS NOT NULL AND n.reason IS DISTINCT FROM 'refused_by_policy'
