-- What lookups found, on its way into the tables.
CREATE TEMP TABLE IF NOT EXISTS stage_domain
    (name text, mx_status mxgrade.mx_status, mx_set uuid, flags text[], retry boolean, dnssec mxgrade.dnssec, alias_of text,
     sts_record mxgrade.record_status, sts_id text, sts_why text,
     tlsrpt mxgrade.record_status, tlsrpt_rua text[], tlsrpt_why text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_member
    (mx_set uuid, exchange text, preference integer) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_policy
    (domain text, addresses inet[], status mxgrade.policy_status, why text) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_exchange
    (exchange text, dns_status mxgrade.dns_status, flags text[], retry boolean, dnssec mxgrade.dnssec,
     tlsa_status mxgrade.tlsa_status, tlsa_base text, tlsa text[]) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS stage_address
    (exchange text, address inet, shuffle integer, refused boolean) ON COMMIT DELETE ROWS
