-- $1 survey. One row per number: section, label, count (null where the label says it all), note.
WITH s AS MATERIALIZED (SELECT * FROM mxgrade.survey_summary WHERE survey_id = $1),
-- Domains that take mail, by what they publish. Where nobody was asked nothing is counted.
p AS MATERIALIZED (
    SELECT mta_sts, dane, tlsrpt::text AS tlsrpt, dnssec::text AS dnssec, count(*) AS n
    FROM mxgrade.domain_policy
    WHERE survey_id = $1 AND mx_status IN ('mx', 'implicit')
    GROUP BY mta_sts, dane, tlsrpt, dnssec),
published AS (
    SELECT k.section, k.label, sum(p.n)::bigint AS n,
           row_number() OVER (ORDER BY k.section_place, array_position(ARRAY[
               'enforce', 'testing', 'valid', 'secure-match', 'secure-unusable', 'secure-mismatch', 'partial', 'secure', 'insecure',
               'bogus', 'none', 'invalid', 'unchecked', 'unknown', 'pending'], k.label)) AS place
    FROM p CROSS JOIN LATERAL (VALUES
        (1, 'mta_sts', p.mta_sts), (2, 'tlsrpt', p.tlsrpt), (3, 'dnssec', p.dnssec), (4, 'dane', p.dane)) k (section_place, section, label)
    WHERE k.label <> 'not_asked'
      AND (k.section NOT IN ('dnssec', 'dane') OR EXISTS (SELECT FROM p WHERE dnssec IN ('secure', 'insecure', 'bogus')))
    GROUP BY k.section_place, k.section, k.label)
SELECT section, label, n, note
FROM (
    SELECT 1, 'head', 'Survey', NULL::bigint, format('%s, %s', survey_id, name) FROM s
    UNION ALL SELECT 2, 'head', 'State', NULL, state::text FROM s
    UNION ALL SELECT 3, 'head', 'Submitted', NULL, to_char(submitted_at, 'YYYY-MM-DD HH24:MI:SS TZ') FROM s
    UNION ALL SELECT 4, 'head', 'Complete', NULL, to_char(completed_at, 'YYYY-MM-DD HH24:MI:SS TZ')
              FROM s WHERE completed_at IS NOT NULL
    UNION ALL SELECT 5, 'head', 'Policy', NULL, policy FROM s
    UNION ALL SELECT 10, 'lines', 'Lines', lines, '' FROM s
    UNION ALL SELECT 11, 'lines', 'rejected', rejected, '' FROM s
    UNION ALL SELECT 12, 'lines', 'duplicates', duplicates, '' FROM s
    UNION ALL SELECT 13, 'lines', 'waiting', waiting, 'not taken in yet' FROM s WHERE waiting > 0
    UNION ALL SELECT 14, 'lines', 'domains', domains, '' FROM s
    UNION ALL SELECT 20, 'domains', 'Domains', domains, '' FROM s
    UNION ALL SELECT 21, 'domains', 'graded', graded,
                     CASE WHEN provisional > 0 THEN format('%s of them provisional', provisional) END FROM s
    UNION ALL SELECT 22, 'domains', 'ungraded', ungraded, '' FROM s
    UNION ALL SELECT 23, 'domains', 'no mail', no_mail, '' FROM s
    UNION ALL SELECT 24, 'domains', 'pending', pending, '' FROM s
    UNION ALL SELECT 29 + row_number() OVER (), 'grades', key, value::bigint, '' FROM s, json_each_text(grades)
    UNION ALL SELECT 50, 'forced_tls', 'eligible', forced_tls_yes, '' FROM s
    UNION ALL SELECT 51, 'forced_tls', 'not eligible', forced_tls_no, '' FROM s
    UNION ALL SELECT 52, 'forced_tls', 'unknown', forced_tls_unknown, '' FROM s
    UNION ALL SELECT 100 + place, section, label, n, '' FROM published
    UNION ALL SELECT 200 + row_number() OVER (), 'ungraded', key, value::bigint, ''
              FROM s, json_each_text(ungraded_reasons)
    UNION ALL SELECT 300 + row_number() OVER (), 'no_mail', key, value::bigint, ''
              FROM s, json_each_text(no_mail_reasons)
    UNION ALL SELECT 400 + row_number() OVER (ORDER BY n DESC, reason), 'rejected', reason, n,
                     format('%s %s%s', CASE n WHEN 1 THEN 'line' ELSE 'lines' END, first_lines,
                            CASE WHEN n > 5 THEN ' …' END)
    FROM (SELECT reason, count(*) AS n,
                 string_agg(line_no::text, ', ' ORDER BY line_no) FILTER (WHERE nth <= 5) AS first_lines
          FROM (SELECT reason, line_no, row_number() OVER (PARTITION BY reason ORDER BY line_no) AS nth
                FROM mxgrade.rejected_line WHERE survey_id = $1) numbered
          GROUP BY reason) rejected
) row (place, section, label, n, note)
ORDER BY place
