-- $1 survey: its tables and how far each is a part of the whole; and first, of any survey, a part whose detachment was interrupted,
-- beside which there can be no other.
SELECT whole, part, state, mine
FROM (SELECT t.whole, c.relname AS part, regexp_replace(c.relname, '^.*_', '')::integer = $1::integer AS mine,
             CASE WHEN i.inhrelid IS NULL THEN 'alone' WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END AS state
      FROM unnest(mxgrade.survey_tables()) AS t (whole)
      JOIN pg_class c ON c.relnamespace = 'mxgrade'::regnamespace AND c.relkind = 'r' AND c.relname ~ ('^' || t.whole || '_[0-9]+$')
      LEFT JOIN pg_inherits i ON i.inhrelid = c.oid) p
WHERE mine OR state = 'pending'
ORDER BY state <> 'pending', mine, part
