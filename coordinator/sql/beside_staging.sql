-- What look-ups beside the surveys found, on its way into the tables.
CREATE TEMP TABLE IF NOT EXISTS stage_reverse
    (address inet, status mxgrade.lookup_status, names text[], confirmed mxgrade.tri) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_caa
    (exchange text, status mxgrade.lookup_status, domain text, records text[], issuers text[]) ON COMMIT DELETE ROWS
