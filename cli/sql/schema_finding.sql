-- $1 codes, $2 weights, $3 titles, $4 recommendations: the program's table is the truth.
INSERT INTO mxgrade.finding_code (code, weight, title, recommendation)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT (code) DO UPDATE SET
    weight = excluded.weight, title = excluded.title, recommendation = excluded.recommendation
