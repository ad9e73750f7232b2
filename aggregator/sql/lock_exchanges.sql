-- $1 survey. Names the graded exchanges and holds them, in order: aggregators that grade the same exchange
-- take turns, and the later one sees what the earlier one stored.
SELECT array_agg(exchange)
FROM (SELECT exchange FROM mxgrade.exchange
      WHERE survey_id = $1 AND exchange IN (SELECT exchange FROM graded)
      ORDER BY exchange FOR UPDATE) held
