#!/usr/bin/python3
"""includes.py [FOLDER] - which room includes which, read from the #include lines of a checkout (default: this one).

Silent when all is well. An error is an include that points up (programs -> engine -> common; in common towards base; in
engine tls, cert -> plan -> probe), one of another program's header, one that no room has, or a circle of files.
"""
import pathlib
import re
import sys

# What a room may include, beside itself. A new room is a row here and a room() in CMakeLists.txt.
BASE = {"base"}
COMMON = BASE | {"model", "names", "dns", "published", "forbidden", "bus", "db"}
ROOMS = {
    "common/base": set(),
    "common/model": BASE,
    "common/names": BASE,
    "common/dns": BASE,
    "common/published": BASE | {"names"},
    "common/forbidden": BASE | {"names"},
    "common/bus": BASE,
    "common/db": BASE,
    "engine/tls": BASE | {"model"},
    "engine/cert": BASE | {"names", "published", "tls"},
    "engine/plan": BASE | {"model", "tls"},
    "engine/probe": BASE | {"model", "names", "forbidden", "tls", "cert", "plan"},
    "engine/policy": BASE | {"names", "published", "forbidden", "bus"},
    "coordinator": COMMON,
    "aggregator": COMMON,
    "worker": COMMON | {"tls", "cert", "plan", "probe", "policy"},
    "cli": COMMON | {"tls", "cert", "plan", "probe", "policy"},
}
HOUSE = {room.split("/")[-1]: room for room in ROOMS}
# Made at build time: they stand in no checkout.
GENERATED = re.compile(r"bus/mxgrade\.pb-c\.h|[a-z]+_sql\.h|schema_files\.inc")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def target_of(folder, room, included):
    """The file that an include of a room names, and an error if it may not."""
    head, _, name = included.rpartition("/")
    if GENERATED.fullmatch(included) and not head:
        return None, None
    if not head:
        return f"{room}/{name}", None if (folder / room / name).exists() else "is not in this room"
    if head not in HOUSE or "/" not in HOUSE[head]:
        return None, "names no room"
    if head != room.split("/")[-1] and head not in ROOMS[room]:
        return None, f"points up: {room} may use {', '.join(sorted(ROOMS[room])) or 'nothing'}"
    if "/" in room and HOUSE[head] == room and not included.startswith(f"{head}/"):
        return None, "lacks its room"
    path = f"{HOUSE[head]}/{name}"
    if not GENERATED.fullmatch(included) and not (folder / path).exists():
        return None, "does not exist"
    return path, None


def module(path):
    """A header and its source are one."""
    return path.rsplit(".", 1)[0]


def circles(uses):
    """Each circle of modules once, as a list."""
    state, found = {}, []

    def visit(name, trail):
        state[name] = "open"
        for other in sorted(uses.get(name, ())):
            if state.get(other) == "open":
                found.append(trail[trail.index(other):] + [other] if other in trail else [name, other])
            elif other not in state:
                visit(other, trail + [other])
        state[name] = "done"

    for name in sorted(uses):
        if name not in state:
            visit(name, [name])
    return found


def check(folder):
    errors, uses, count = [], {}, 0
    for room in ROOMS:
        for path in sorted((folder / room).glob("*.[ch]")):
            count += 1
            here = f"{room}/{path.name}"
            for included in INCLUDE.findall(path.read_text(encoding="utf-8")):
                target, error = target_of(folder, room, included)
                if error:
                    errors.append(f'{here}: "{included}" {error}')
                elif target and module(target) != module(here):
                    uses.setdefault(module(here), set()).add(module(target))
    rooms = {str(p.parent.relative_to(folder)) for p in folder.glob("*/**/*.[ch]") if p.parts[len(folder.parts)] in
             ("common", "engine", "coordinator", "worker", "aggregator", "cli")}
    errors += [f"{room}: a room that {pathlib.Path(__file__).name} does not know" for room in sorted(rooms - set(ROOMS))]
    errors += ["a circle: " + " -> ".join(circle) for circle in circles(uses)]
    if count == 0:
        errors.append(f"no sources below {folder}")
    return errors


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    errors = check(folder)
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
