# special_purpose.awk - special_purpose.csv -> the C table SPECIAL_PURPOSE of reserved.h. Run by CMake with a POSIX awk.
function fail(why) { print "special_purpose.csv line " NR ": " why > "/dev/stderr"; failed = 1; exit 1 }
function octets_of_v4(text,    part, n, i, list) {
    n = split(text, part, ".")
    if (n != 4) fail("'" text "' is no IPv4 address")
    for (i = 1; i <= n; i++) {
        if (part[i] !~ /^[0-9]+$/ || part[i] > 255) fail("'" text "' is no IPv4 address")
        list = list (i > 1 ? ", " : "") part[i] + 0
    }
    return list
}
function value_of(hex,    i, value) {
    for (i = 1; i <= length(hex); i++) value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
    return value + 0
}
# "::" stands for as many zeros as are missing.
function octets_of_v6(text,    half, halves, head, tail, n, m, i, group, list) {
    halves = split(text, half, "::")
    n = split(half[1], head, ":")
    m = halves == 2 ? split(half[2], tail, ":") : 0
    if (halves > 2 || text !~ /^[0-9a-f:]+$/ || n + m > 8 || (halves == 1 && n != 8)) fail("'" text "' is no IPv6 address")
    for (i = 1; i <= 8; i++) {
        group = i <= n ? head[i] : i > 8 - m ? tail[i - 8 + m] : "0"
        list = list (i > 1 ? ", " : "") int(value_of(group) / 256) ", " value_of(group) % 256
    }
    return list
}
function verdict_of(text) {
    if (text == "refuse" || text == "probe") return "SPECIAL_" toupper(text) ", 0"
    if (text ~ /^ipv4@[0-9]+$/) return "SPECIAL_IPV4, " substr(text, 6)
    fail("verdict '" text "': expected refuse, probe or ipv4@N")
}
BEGIN { FS = ","; print "/* generated from special_purpose.csv by special_purpose.awk */\n#include \"forbidden/reserved.h\"\n\nconst struct special_purpose SPECIAL_PURPOSE[] = {" }
/^#/ { next }
!named { for (i = 1; i <= NF; i++) column[$i] = i; fields = NF; named = 1; next }
{
    if (NF != fields || split($column["prefix"], prefix, "/") != 2) fail("expected " fields " fields, the first a prefix")
    v6 = prefix[1] ~ /:/
    printf "    {\"%s\", {%s}, %d, %d, %s, \"%s\"},\n", $column["prefix"], v6 ? octets_of_v6(prefix[1]) : octets_of_v4(prefix[1]), \
        v6 ? 16 : 4, prefix[2], verdict_of($column["verdict"]), $column["name"]
    count++
}
END { if (!failed) printf "};\nconst size_t SPECIAL_PURPOSE_COUNT = %d;\n", count }
