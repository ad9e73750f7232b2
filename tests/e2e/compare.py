#!/usr/bin/python3
"""compare.py EXPECT ACTUAL - fact by fact: what the lab's configuration implies against what a survey found.

Rows are told apart by those of the columns domain, exchange and address that there are; the last column of EXPECT is for
people. A cell of `*` in EXPECT is not compared. An address of `8 of 127.12.1.1-12` there stands for eight rows of ACTUAL, which ones is
the program's choice. A fact of a row without an endpoint stands as `-` or `unknown` there and as nothing in
ACTUAL; both mean that nobody was asked. Prints every difference and `N passed, N failed`; exits 1 on a difference.
"""
import sys

KEY = ("domain", "exchange", "address")
NOBODY_ASKED = {"", "-", "unknown"}


def read(path, header=None):
    rows = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            cells = line.rstrip("\n").split("\t")
            if header is None:
                header = cells
                continue
            if len(cells) < len(header) - 1:  # ACTUAL has no note
                sys.exit(f"{path} line {number}: {len(cells)} columns, expected {len(header)}")
            row = dict(zip(header, cells))
            key = tuple(row[column] for column in KEY if column in row)
            if key in rows:
                sys.exit(f"{path} line {number}: {' '.join(key)} stands twice")
            rows[key] = row
    return header, rows


def sampled(actual, key):
    """The keys of ACTUAL that a line of EXPECT stands for: its own, or as many as it says of a range of addresses."""
    count, of, addresses = key[-1].partition(" of ")
    if not of:
        return [key]
    domain, exchange, _ = key
    stem, _, last = addresses.rpartition("-")
    stem, _, first = stem.rpartition(".")
    range_of = [(domain, exchange, f"{stem}.{octet}") for octet in range(int(first), int(last) + 1)]
    found = [one for one in range_of if one in actual]
    return found if len(found) == int(count) else [key]


def same(expected, actual):
    return expected in ("*", actual) or {expected, actual} <= NOBODY_ASKED


def main():
    header, expected = read(sys.argv[1])
    _, actual = read(sys.argv[2], header)
    note = header[-1]
    passed = failed = 0
    for key, row in [(one, row) for key, row in expected.items() for one in sampled(actual, key)]:
        found = actual.pop(key, None)
        if found is None:
            print(f"not ok - {' '.join(key)}: not in the survey ({row[note]})")
            failed += 1
            continue
        for column in header:
            if column == note or column in KEY:
                continue
            if same(row[column], found[column]):
                passed += 1
            else:
                print(f"not ok - {' '.join(key)}: {column} is {found[column] or '-'}, expected {row[column]} ({row[note]})")
                failed += 1
    for key in actual:
        print(f"not ok - {' '.join(key)}: in the survey, but not expected")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
