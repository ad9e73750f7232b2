-- In the order of the key, so that two aggregators with the same certificates do not deadlock.
INSERT INTO mxgrade.certificate_row (sha256, spki_sha256, der, subject_cn, subject, issuer, serial, san, san_total,
                                     key_type, key_bits, signature, not_before, not_after, self_signed, chain,
                                     parse_error)
SELECT * FROM staged_certificate ORDER BY sha256
ON CONFLICT DO NOTHING
