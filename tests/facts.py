#!/usr/bin/python3
"""facts.py [FOLDER] - does every fact of common/model/facts.h stand wherever facts are listed by hand? (default: this checkout)

SQL lists facts by lines like "-- each fact: …", which cannot forget one (cmake/embed_sql.awk). What is written by hand all
the same is compared with the table here: what each check of a report says, how telling each reason is, what the lab's
tables hold. Silent when all is well.
"""
import pathlib
import re
import sys

# No row of their own in a report's checks: without them nothing else is said of the server.
UNREPORTED = {"reachable", "starttls_advertised"}
# The lab's servers are written down without them: one follows from the other three, and no server of the table refuses a name.
UNWRITTEN = {"cert_verifiable", "sni_refused"}
# More facts than this in one .sql file are a list; fewer are a condition.
CONDITION_MOST = 6
SQL_FOLDERS = ("schema", "aggregator/sql", "cli/sql", "coordinator/sql")


def table(text, name):
    """{key: SUFFIX} of the rows of #define NAME(X), in their order."""
    body = re.search(rf"#define {name}\(X\)((?:.*\\\n)*.*)", text)
    return {key: suffix for suffix, key in re.findall(r'X\((\w+), "(\w*)"', body[1])} if body else {}


def between(text, begin, end):
    """What stands behind the text begin, up to end."""
    _, _, behind = text.partition(begin)
    return behind.partition(end)[0]


def flaws(place, found, expected):
    """Why the list that was found is not the expected one, order included."""
    found, expected = list(found), list(expected)
    lacking = [each for each in expected if each not in found]
    strange = [each for each in found if each not in expected]
    if lacking or strange:
        yield place + "".join([f" lacks {', '.join(lacking)}" if lacking else "", f" has {', '.join(strange)}" if strange else ""])
    elif found != expected:
        yield f"{place}: not in the order of facts.h, or one stands twice"


def check(folder):
    read = lambda path: (folder / path).read_text(encoding="utf-8")
    header = read("common/model/facts.h")
    endpoint, name = table(header, "ENDPOINT_FACTS"), table(header, "NAME_FACTS")
    service = table(header, "SERVICE_FACTS")
    reasons = [key for key in table(header, "REASONS") if key]
    both = endpoint | name
    if not (endpoint and service and name and reasons):
        yield "common/model/facts.h: no table found"

    order = between(between(read("schema/001_1_core.sql"), "FUNCTION mxgrade.reason_order()", "$$;"), "ARRAY[", "]")
    yield from flaws("schema/001_1_core.sql: reason_order()", sorted(re.findall(r"'(\w+)'", order)), sorted(reasons))

    checks = re.findall(r"\bFACT_(\w+),", between(read("cli/report_checks.c"), "CHECKS[] = {", "\n};"))
    yield from flaws("cli/report_checks.c: CHECKS", sorted(checks), sorted(both[key] for key in both if key not in UNREPORTED))

    reported = re.findall(r"\bFACT_(\w+)\b", read("cli/report_service.c"))
    yield from flaws("cli/report_service.c", sorted(set(reported)), sorted(service.values()))

    lab, written = read("tests/lab/tables.py"), [key for key in name if key not in UNWRITTEN]
    yield from flaws("tests/lab/tables.py: FACTS", re.findall(r"\w+", between(lab, "\nFACTS = (", ")")), endpoint)
    yield from flaws("tests/lab/tables.py: CERT_FACTS", re.findall(r"\w+", between(lab, '\nCERT_FACTS = "', '"')), written)
    yield from flaws("tests/lab/smtp.py: FACTS", re.findall(r"\w+", between(read("tests/lab/smtp.py"), "\nFACTS = (", ")")), service)
    head = between(read("tests/lab/smtp.tsv"), "#address", "size_limit")
    yield from flaws("tests/lab/smtp.tsv: its head", head.split(), service)
    selected = re.findall(r"\be\.(\w+)(?=,)", read("tests/e2e/actual-smtp.sql"))
    yield from flaws("tests/e2e/actual-smtp.sql", [key for key in selected if key in service], service)
    head = between(read("tests/lab/servers.tsv"), "# facts, in order:", "]")
    yield from flaws("tests/lab/servers.tsv: its head", re.findall(r"\w+", head), [*endpoint, *written])
    selected = re.findall(r"\b(?:e|xe)\.(\w+)(?=,)", read("tests/e2e/actual.sql"))
    yield from flaws("tests/e2e/actual.sql", [key for key in selected if key in both], [*endpoint, *written])

    for path in sorted(path for each in SQL_FOLDERS for path in (folder / each).glob("*.sql")):
        listed = set(re.findall(r"\w+", path.read_text(encoding="utf-8"))) & set(both)
        if len(listed) > CONDITION_MOST:
            yield f"{path.relative_to(folder)} names {len(listed)} facts: list them with '-- each fact: …'"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    found = list(check(folder))
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))


main()
