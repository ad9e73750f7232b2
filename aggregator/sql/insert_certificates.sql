-- In the order of the key, so that two aggregators with the same certificates do not deadlock. A certificate that was
-- stored as one behind others gets its chain when it is seen as a leaf.
INSERT INTO mxgrade.certificate_row AS c
    (sha256, spki_sha256, der, subject_cn, subject, issuer, serial, san, san_total, key_type, key_bits, signature,
     not_before, not_after, self_signed, chain, parse_error, is_ca, sct_count, must_staple, ocsp_urls, crl_urls,
     policy_oids)
SELECT DISTINCT ON (sha256) * FROM staged_certificate ORDER BY sha256, chain IS NULL
ON CONFLICT (sha256) DO UPDATE SET chain = excluded.chain, self_signed = excluded.self_signed
    WHERE c.chain IS NULL AND excluded.chain IS NOT NULL
