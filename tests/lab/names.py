"""names.py - what the modules behind tables.py share: names, and how a row is read."""
import os
import re

HOME = os.path.dirname(os.path.abspath(__file__))
NOTHING = "-"
COUNTER = re.compile(r"\{(\d+)-(\d+)\}")


def rows(file, width):
    """The rows of a table, padded to width; '#' lines are comments. {1-12} in a row makes twelve of it."""
    with open(os.path.join(HOME, file), encoding="utf-8") as table:
        for line in table:
            if line.strip() and not line.startswith("#"):
                row = line.rstrip("\n").split("\t")
                if len(row) > width:
                    raise SystemExit(f"{file}: too many columns: {row}")
                yield from counted(row + [""] * (width - len(row)))


def counted(row):
    """Every counter of a row counts in step with the first; a note stays with the first row alone."""
    first = next((found for cell in row if (found := COUNTER.search(cell))), None)
    if not first:
        yield row
        return
    for step in range(int(first[2]) - int(first[1]) + 1):
        yield [COUNTER.sub(lambda found: str(int(found[1]) + step), cell) for cell in row]


def absolute(name):
    return (name if name.endswith(".") else name + ".test.").lower()


def name_matches(pattern, name):
    """RFC 6125: '*' only as the whole left-most label, for exactly one label."""
    pattern, name = pattern.lower(), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name
