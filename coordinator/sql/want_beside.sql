-- What is to be asked after beside the survey: addresses that may be contacted, exchanges that have one.
WITH addresses AS (
    INSERT INTO mxgrade.reverse_name (survey_id, address)
    SELECT DISTINCT $1::integer, address FROM stage_address WHERE NOT refused ORDER BY address
    ON CONFLICT DO NOTHING)
INSERT INTO mxgrade.exchange_caa (survey_id, exchange)
SELECT $1::integer, exchange FROM stage_exchange WHERE dns_status = 'ok' ORDER BY exchange
ON CONFLICT DO NOTHING
