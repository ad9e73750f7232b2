-- $1 code points, $2 IANA names, $3 OpenSSL's names, $4 weak classes joined by '|', $5 flags of suites.h.
INSERT INTO mxgrade.suite (suite, name, openssl_name, weak_class, nist_r1, nist_r2, forward_secrecy)
SELECT id, name, nullif(openssl_name, ''), coalesce(string_to_array(nullif(weak_class, ''), '|'), '{}'),
       flags & 4 <> 0, flags & 8 <> 0, flags & 16 <> 0
FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::integer[])
    AS s (id, name, openssl_name, weak_class, flags)
ON CONFLICT (suite) DO UPDATE SET
    name = excluded.name, openssl_name = excluded.openssl_name, weak_class = excluded.weak_class,
    nist_r1 = excluded.nist_r1, nist_r2 = excluded.nist_r2, forward_secrecy = excluded.forward_secrecy
