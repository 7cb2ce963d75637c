"""Includes point to lower floors only: `check_includes.py [ROOT]`. ARCHITECTURE.md says why."""
import re

import source_tree

FLOORS = [
    ["base"],
    ["math"],
    ["scalar"],
    ["core"],
    ["backend"],
    ["engine"],
    ["ops"],
    ["jit"],
    ["nn", "optim", "data", "text", "io"],
    ["models", "train", "dist"],
    ["cli", "serve"],
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Rooms that see less than all that lies below them: rooms, or single headers.
SEES_ONLY = {
    "math": {"base/type_list.h"},
    "backend": {"base", "math", "core"},
}
# Headers that the build writes stand on the floor of what they speak of.
GENERATED_ROOM = {"map_ops.h": "math", "functions.h": "ops"}
GENERATED_ELSE = "core"
# They cost a tenth of a second or more in every file that sees them.
SLOW_HEADERS = {"functional", "iostream", "ranges", "thread", "filesystem"}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    """`base/error.h` -> base; a generated header -> the room that it belongs to."""
    room, _, rest = path.partition("/")
    return GENERATED_ROOM.get(rest, GENERATED_ELSE) if room == "generated" else room


def subroom_of(path):
    """`backend/cpu/simd.h` -> cpu; what stands in the backend's own folder -> None."""
    parts = path.split("/")
    return parts[1] if parts[0] == "backend" and len(parts) > 2 else None


def objection(source, target):
    """Why `source` may not include `target` (paths below rushlight/), or None."""
    here, there = room_of(source), room_of(target)
    if there not in FLOOR_OF:
        return f"{there} is no room of the house"
    if here == there:
        if subroom_of(target) not in (None, subroom_of(source)):
            return "one backend does not know another, nor does what they share"
        return None
    if FLOOR_OF[there] >= FLOOR_OF[here]:
        return f"{there} (floor {FLOOR_OF[there]}) is not below {here} (floor {FLOOR_OF[here]})"
    allowed = SEES_ONLY.get(here)
    if allowed is not None and not allowed & {there, target}:
        return f"{here} sees only {', '.join(sorted(allowed))}"
    return None


def check_umbrella(root, path):
    """rushlight.h is the table of contents: its includes stand in the order of the floors."""
    highest = 0
    for number, line in source_tree.lines(root, path):
        match = INCLUDE.match(line)
        if not match or not match[2].startswith("rushlight/"):
            continue
        floor = FLOOR_OF.get(room_of(match[2].removeprefix("rushlight/")), -1)
        if floor < highest:
            yield f"{path}:{number}: {match[2]}: the umbrella's includes stand in floor order"
        highest = max(highest, floor)


def check_file(root, path):
    source = path.relative_to("rushlight").as_posix()
    if room_of(source) not in FLOOR_OF:
        yield f"{path}:1: {room_of(source)} is no room of the house"
        return
    for number, line in source_tree.lines(root, path):
        match = INCLUDE.match(line)
        if not match:
            continue
        if match[1] == "<":
            if path.suffix == ".h" and match[2] in SLOW_HEADERS:
                yield f"{path}:{number}: <{match[2]}> in a header slows every build"
        elif not match[2].startswith("rushlight/"):
            yield f'{path}:{number}: "{match[2]}": includes begin with rushlight/'
        elif why := objection(source, match[2].removeprefix("rushlight/")):
            yield f"{path}:{number}: {match[2]}: {why}"


def check(root):
    for path in source_tree.files(root, ".h", ".cpp", ".inc"):
        if path.as_posix() == "rushlight/rushlight.h":
            yield from check_umbrella(root, path)
        elif path.parts[0] == "rushlight":
            yield from check_file(root, path)


if __name__ == "__main__":
    source_tree.run(check)
