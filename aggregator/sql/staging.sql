-- Once a connection: where results wait for the statements that apply them. A transaction handles
-- results of one survey, each address or domain once, so no staged row names its survey. A batch touches a
-- thousand rows out of millions, mostly cached: look them up, do not scan for them.
SET random_page_cost = 1.1;
SET work_mem = '64MB'; -- final grades group all exchanges by hash

CREATE TEMP TABLE staged_certificate ON COMMIT DELETE ROWS AS
    SELECT sha256, spki_sha256, der, subject_cn, subject, issuer, serial, san, san_total, key_type, key_bits, signature,
           not_before, not_after, self_signed, chain, parse_error, is_ca, sct_count, must_staple, ocsp_urls, crl_urls,
           policy_oids
    FROM mxgrade.certificate_row WITH NO DATA;

CREATE TEMP TABLE staged_endpoint ON COMMIT DELETE ROWS AS
    SELECT address, last_job AS job, false AS names_only, false AS retry, reason,
           -- each endpoint fact: {fact},
           fact_evidence AS evidence, fact_evidence AS why_unknown, flags, banner, ehlo, ehlo_tls, banner_lines,
           greeting_name, ehlo_name, auth_mechanisms, size_limit, tls_failure, tls_version, suite, key_group, signature, suites_seen, weak_seen, pq_group, connections, connection_count, observed_at, worker,
           vantage, duration_ms, resume
    FROM mxgrade.endpoint WITH NO DATA;

CREATE TEMP TABLE staged_name ON COMMIT DELETE ROWS AS
    SELECT address, exchange, certificate,
           -- each name fact: {fact},
           fact_evidence AS evidence, fact_evidence AS why_unknown, matched, matched_by_cn, trust_error,
           chain_flags, weak_keys, weak_signatures, san_match, cn_match, dane, dane_why
    FROM mxgrade.exchange_endpoint WITH NO DATA;

CREATE TEMP TABLE staged_policy ON COMMIT DELETE ROWS AS
    SELECT domain, last_job AS job, false AS retry, status, why, detail, http_status, mode, max_age, mx, body, address,
           fetched_at, worker, vantage, duration_ms
    FROM mxgrade.mta_sts_policy WITH NO DATA;

-- Rows of exchange_endpoint that are to be graded, and their grades.
CREATE TEMP TABLE touched ON COMMIT DELETE ROWS AS
    SELECT exchange, address FROM mxgrade.exchange_endpoint WITH NO DATA;
CREATE TEMP TABLE graded ON COMMIT DELETE ROWS AS
    SELECT exchange, address, grade, score, provisional, missing, findings, reason, forced_tls, forced_tls_why
    FROM mxgrade.exchange_endpoint WITH NO DATA;
