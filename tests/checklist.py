#!/usr/bin/python3
"""checklist.py - does every test that checklist.tsv names exist? Silent when all is well."""
import csv
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
COLUMNS = 3


def flaw(evidence):
    """Why a FILE:WORD is no test, or nothing."""
    file, _, word = evidence.partition(":")
    path = os.path.join(ROOT, file)
    if not word or not os.path.isfile(path):
        return f"{evidence}: no such file"
    with open(path, encoding="utf-8") as text:
        found = re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text.read())
    return None if found else f"{evidence}: it does not say so"


def main():
    with open(os.path.join(ROOT, "tests", "checklist.tsv"), encoding="utf-8", newline="") as table:
        rows = [row for row in csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE) if row and not row[0].startswith("#")]
    flaws = [f"{row[:2]}: expected {COLUMNS} columns" for row in rows if len(row) != COLUMNS]
    flaws += [found for row in rows if len(row) == COLUMNS for each in row[2].split(" | ") if (found := flaw(each.strip()))]
    print(*flaws, sep="\n", end="\n" if flaws else "")
    sys.exit(bool(flaws) or not rows)


main()
