# suites.awk - cipher_suites.csv -> the C table SUITES of suites.h. Run by CMake with a POSIX awk.
BEGIN { FS = ","; print "/* generated from cipher_suites.csv by suites.awk */\n#include \"model/suites.h\"\n\nconst struct suite SUITES[] = {" }
NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
{
    split($column["weak_class"], tokens, "|")
    weak = anon = 0
    for (i in tokens) { if (tokens[i] == "ANON") anon = 1; else if (tokens[i] != "") weak = 1 }
    flags = weak + 2 * anon + 4 * $column["nist_r1"] + 8 * $column["nist_r2"]
    if (!anon && $column["forward_secret"] == 1) flags += 16
    if ($column["min_version"] == "TLS1.3") flags += 32
    if ($column["min_version"] == "TLS1.2") flags += 64
    if ($column["openssl_class_3"] != "") flags += 128
    if ($column["auth"] == "RSA") flags += 256
    if ($column["auth"] == "ECDSA") flags += 512
    printf "    {%s, %d, \"%s\", \"%s\", \"%s\", \"%s\", \"%s\", \"%s\"},\n", $column["codepoint"], flags, $column["iana_name"], \
        $column["openssl_name"], $column["weak_class"], $column["kx"], $column["auth"], $column["enc"]
    count++
}
END { printf "};\nconst size_t SUITE_COUNT = %d;\n", count }
