-- $1 survey. Merges what a probe learnt: an answer replaces, unknown keeps what is there. A result that
-- was stored before (last_job) changes nothing. A result that is worth asking again for makes the
-- endpoint pending once more, after retry_delay, doubled with each attempt, +-20 %.
UPDATE mxgrade.endpoint e SET
    last_job = s.job,
    attempts = e.attempts + (s.retry OR NOT s.names_only)::int,
    next_probe_at = CASE WHEN s.retry AND e.attempts + 1 < v.max_attempts AND (s.names_only OR NOT e.facts_known)
        THEN now() + v.retry_delay * (power(2, least(e.attempts, 16)) * (0.8 + 0.4 * random())) END,
    (facts_known, resume) = (
        SELECT known, CASE WHEN NOT known THEN coalesce(s.resume, e.resume) END
        FROM (SELECT e.facts_known OR NOT s.names_only
                  AND NOT (s.retry AND e.attempts + 1 < v.max_attempts)
                  AND (s.tls_enabled <> 'unknown' OR e.tls_enabled <> 'unknown')) k (known)),
    reason = CASE WHEN s.names_only THEN e.reason ELSE s.reason END,
    -- each endpoint fact: {fact} = coalesce(nullif(s.{fact}, 'unknown'), e.{fact}),
    -- What is known keeps its evidence; an unknown has the newest reason. Connections of a later attempt stand behind
    -- the earlier ones, so their numbers move up. Evidence without a number, of a plan that was resumed, says nothing
    -- new of a fact that has some.
    fact_evidence = CASE WHEN e.fact_evidence IS NULL AND e.connection_count = 0 THEN s.why_unknown || s.evidence
        ELSE coalesce(e.fact_evidence, '{}') || s.why_unknown
          || (SELECT coalesce(jsonb_object_agg(key, value), '{}')
              FROM jsonb_each(e.fact_evidence) WHERE value ? 'evidence')
          || (SELECT coalesce(jsonb_object_agg(key, CASE WHEN value ? 'connection' THEN jsonb_set(value, '{connection}',
                  to_jsonb((value ->> 'connection')::int + e.connection_count)) ELSE value END), '{}')
              FROM jsonb_each(s.evidence)
              WHERE value ? 'connection' OR NOT coalesce(e.fact_evidence -> key ? 'connection', false)) END,
    connections = CASE WHEN s.connections IS NULL OR e.connection_count = 0 THEN coalesce(s.connections, e.connections)
        ELSE (SELECT jsonb_agg(c ORDER BY place)
              FROM (SELECT c, place
                    FROM (SELECT c, place FROM jsonb_array_elements(e.connections) WITH ORDINALITY a (c, place)
                          UNION ALL
                          SELECT jsonb_set(c, '{number}', to_jsonb((c ->> 'number')::int + e.connection_count)),
                                 jsonb_array_length(coalesce(e.connections, '[]')) + place
                          FROM jsonb_array_elements(s.connections) WITH ORDINALITY b (c, place)) every
                    ORDER BY place DESC LIMIT 64) latest) END,
    connection_count = e.connection_count + s.connection_count,
    flags = CASE WHEN e.attempts = 0 THEN s.flags
        ELSE ARRAY(SELECT DISTINCT f FROM unnest(e.flags || s.flags) f ORDER BY f) END,
    suites_seen = CASE WHEN e.suites_seen IS NULL OR s.suites_seen IS NULL THEN coalesce(s.suites_seen, e.suites_seen)
        ELSE ARRAY(SELECT DISTINCT c FROM unnest(e.suites_seen || s.suites_seen) c ORDER BY c) END,
    weak_seen = CASE WHEN e.weak_seen IS NULL OR s.weak_seen IS NULL THEN coalesce(s.weak_seen, e.weak_seen)
        ELSE ARRAY(SELECT DISTINCT w FROM unnest(e.weak_seen || s.weak_seen) w ORDER BY w) END,
    -- A server that turned us away this time says less of itself than it did before.
    banner = CASE WHEN s.reason IN ('rate_limited', 'refused_service') THEN coalesce(e.banner, s.banner)
        ELSE coalesce(s.banner, e.banner) END,
    banner_lines = CASE WHEN s.reason IN ('rate_limited', 'refused_service') THEN coalesce(e.banner_lines, s.banner_lines)
        ELSE coalesce(s.banner_lines, e.banner_lines) END,
    greeting_name = coalesce(s.greeting_name, e.greeting_name),
    ehlo_name = coalesce(s.ehlo_name, e.ehlo_name),
    auth_mechanisms = coalesce(s.auth_mechanisms, e.auth_mechanisms),
    size_limit = coalesce(s.size_limit, e.size_limit),
    -- Of all attempts together: see judge_broken.sql.
    tls_failure = CASE WHEN s.tls_failure IS NULL THEN e.tls_failure
        WHEN coalesce(e.tls_failure, s.tls_failure) = s.tls_failure THEN s.tls_failure ELSE 'various' END,
    tls_failed_since = coalesce(e.tls_failed_since, CASE WHEN s.tls_failure IS NOT NULL THEN least(s.observed_at, now()) END),
    ehlo = coalesce(s.ehlo, e.ehlo),
    ehlo_tls = coalesce(s.ehlo_tls, e.ehlo_tls),
    tls_version = coalesce(s.tls_version, e.tls_version),
    -- Of one and the same handshake.
    suite = CASE WHEN s.tls_version IS NULL THEN coalesce(e.suite, s.suite) ELSE s.suite END,
    key_group = CASE WHEN s.tls_version IS NULL THEN coalesce(e.key_group, s.key_group) ELSE s.key_group END,
    signature = CASE WHEN s.tls_version IS NULL THEN coalesce(e.signature, s.signature) ELSE s.signature END,
    pq_group = coalesce(s.pq_group, e.pq_group),
    observed_at = least(s.observed_at, now()),
    worker = s.worker,
    vantage = s.vantage,
    duration_ms = s.duration_ms
FROM staged_endpoint s, mxgrade.survey v
WHERE v.survey_id = $1 AND e.survey_id = $1 AND e.address = s.address AND e.last_job IS DISTINCT FROM s.job
