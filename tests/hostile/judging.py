"""judging.py - what both scripts need to read results and to count what is wrong with them."""
import json
import unicodedata

LATE = 1.25  # a time-out may take that many times its time: its timer waits for the loop, which waits for a processor
MISLEADING = "\ufffd\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # broken UTF-8; direction overrides


def objects(text):
    """JSON objects, one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := at + len(text[at:]) - len(text[at:].lstrip())) < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def unclean(result):
    for text in strings(result):
        if stray := [hex(ord(c)) for c in text if unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in MISLEADING]:
            yield f"control octets in the output: {stray[:5]} in {text[:60]!r}"


class Tally:
    def __init__(self, verbose):
        self.passed, self.failed, self.verbose = 0, 0, verbose

    def note(self, name, wrong, more=""):
        wrong = list(wrong)
        self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)
        if wrong:
            print(f"not ok - {name}", *wrong, more, sep="\n    ")
        elif self.verbose:
            print(f"ok - {name}  {more}")
