-- Policies of the domains $2 of survey $1 whose host the blocklist came to forbid: what is known of them stays.
UPDATE mxgrade.mta_sts_policy
SET next_fetch_at = NULL, status = CASE status WHEN 'pending' THEN 'unknown' ELSE status END,
    why = CASE WHEN status IN ('pending', 'unknown') THEN 'refused_by_policy' ELSE why END
WHERE survey_id = $1 AND domain = ANY ($2::text[])
