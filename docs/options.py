#!/usr/bin/python3
"""options.py [--check] - docs/options.md from what the built programs say to --help, which they make of their OPTIONS.

--check: silent if docs/options.md is up to date. The programs are those of MXG_BIN (default: build/asan).
"""
import os
import pathlib
import re
import subprocess
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ.get("MXG_BIN", HERE.parent / "build/asan"))
PAGE = HERE / "options.md"
DAEMONS = ("coordinator", "worker", "aggregator")

HEAD = """# Options

Made from `--help` by `docs/options.py`; the tables `OPTIONS` in the programs' sources are the place to change.

Every option can be given in three ways; the first that gives it wins:

1. on the command line, `--log-level debug`; a flag takes no argument there;
2. in the environment, `MXGRADE_LOG_LEVEL=debug`; a flag is `yes` or `no`;
3. in the file that `--config FILE` or `MXGRADE_CONFIG` names, a line `log-level = debug`. Lines that begin with `#` are
   comments; options of other programs are passed over, so that one file may serve all.

`TIME` is a number with `ms`, `s`, `m`, `h` or `d`; without a unit it is seconds. Every program and verb has `--config
FILE`, `--help` and `--version`, too.
"""
EVERYWHERE = {"config", "help", "version"}
# As common/base/config.c prints a row: two blanks, "--name ARGUMENT" in 30 columns or more, a blank, the help.
ROW = re.compile(r"  --(?P<name>[a-z0-9-]+)(?: (?P<argument>\S+))? +(?P<help>.+)")
DEFAULT = re.compile(r" \[([^\]]+)\]$")
LEFT_COLUMNS = 32


def printed(command):
    """What `command --help` prints."""
    if not command[0].exists():
        sys.exit(f"{command[0]} is not built: cmake --preset asan && cmake --build build/asan, or say MXG_BIN")
    return subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout


def help_of(command):
    """The same in its parts: usage, summary, rows of options, notes."""
    text = printed(command)
    match = re.fullmatch(r"Usage: (.+?)\n(.+?)\n\nOptions [^\n]*:\n((?:  --[^\n]*\n)+)(?:\n(.+))?", text, re.DOTALL)
    if match is None:
        sys.exit(f"{' '.join(map(str, command))} --help has another form than this script knows:\n{text}")
    usage, summary, rows, notes = match.groups()
    return usage, summary, rows.splitlines(), (notes or "").strip()


def row_of(line):
    """A line of the table, or nothing for an option that every program has."""
    match = ROW.fullmatch(line)
    if match is None or len(line[:LEFT_COLUMNS].rstrip()) == LEFT_COLUMNS:
        sys.exit(f"not a row of options: {line}")
    name, argument, text = match["name"], match["argument"], match["help"]
    if line[len(f"  --{name}"):].startswith("  "):  # a flag: what follows is help
        argument, text = None, line[len(f"  --{name}"):].strip()
    if name in EVERYWHERE:
        return None
    default = DEFAULT.search(text)
    cells = (f"`--{name}{' ' + argument if argument else ''}`", default[1] if default else "",
             f"`MXGRADE_{name.upper().replace('-', '_')}`", f"`{name}`", DEFAULT.sub("", text))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def section(command):
    usage, summary, lines, notes = help_of(command)
    name = usage.split(" [")[0]
    parts = [f"## {name}", f"    {usage}", summary.replace("\n", "\\\n"),
             "| option | default | environment | in a file | what |\n|---|---|---|---|---|\n" +
             "\n".join(row for row in map(row_of, lines) if row)]
    return "\n\n".join(parts + ([notes.replace("\n", "\\\n")] if notes else []))


def page():
    mxgrade = BIN / "cli" / "mxgrade"
    overview = printed([mxgrade])
    listed = re.search(r"\nVerbs:\n((?:  .+\n)+)", overview) or sys.exit("mxgrade --help lists no verbs")
    parts = [HEAD.rstrip()] + [section([BIN / name / f"mxgrade-{name}"]) for name in DAEMONS]
    parts.append("## mxgrade\n\n" + textwrap.indent(overview.rstrip(), "    "))
    parts += [section([mxgrade, line.split()[0]]) for line in listed[1].splitlines()]
    return "\n\n".join(parts) + "\n"


def main():
    text = page()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit("docs/options.md is not what the programs say: run docs/options.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        PAGE.write_text(text, encoding="utf-8")


main()
