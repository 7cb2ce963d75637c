"""Breaks one place of math/ and ops/ at a time and asks whether anybody notices.

    ./dev test --mutants 60 --seed 1

Each mutant is the broken file, compiled and put before the built library in one runner (replay.cpp), which replays right
answers by PyTorch: values, gradients, second gradients, forms, errors and their words (goldens.py); then, with the C++
tests of ops and engine. One that gives another answer, crashes or hangs is caught. What cannot be caught, because it changes nothing, stands in equivalent.toml with a proof.
"""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import equivalent
import places

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/release"
ROOM = ROOT / "build/mutants"
FOLDERS = ("rushlight/math", "rushlight/ops")
# What computes with the formulas; other sources include them, and only look at their signatures.
FORMULA_UNITS = (
    "rushlight/backend/map_facts.cpp",
    "rushlight/backend/reference/map.cpp",
    "rushlight/ops/elementwise.cpp",
    "rushlight/core/number_errors.cpp",
    "rushlight/math/special_functions.cpp",
)
# The C++ tests of what no call by id reaches: indexing, traces, the tape.
TEST_OBJECTS = "CMakeFiles/rushlight_tests.dir/tests"
TEST_FOLDERS = ("engine", "ops", "jit")
MATH_TESTS = tuple(f"tests/math/{name}_test.cpp" for name in ("conventions", "num", "special_functions", "uses"))
ENOUGH = 0.95
COMPILER_SECONDS = 120
RUNNER_SECONDS = 20  # of the processor's time: a busy machine makes nothing hang
RUNNER_PATIENCE = 300  # by the clock, for what sleeps
RUNNER_MEMORY = 4 << 30
# Asserts in the standard library, as the debug build has them: an index past the end is noticed and not merely lucky.
FLAGS = ("-w", "-O0", "-D_GLIBCXX_ASSERTIONS")
# What every source of ops/ includes: compiled once, for those that are broken themselves.
COMMON = '#include "rushlight/ops/op_rules.h"\n'


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **options)


# -- how the sources are compiled ---------------------------------------------------------------------------------------


def compile_commands():
    """Path from the root -> the compiler's words, without source and output."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        if "ccache" in pathlib.Path(words[0]).name:
            words = words[1:]
        where = words.index("-o")
        words = [w for i, w in enumerate(words) if i not in (where, where + 1) and w not in ("-c", entry["file"], "-Werror")]
        path = os.path.relpath(entry["file"], ROOT)
        found[path] = [w for w in words if not re.fullmatch(r"-O\d", w)]
    return found


def includers(header, folder):
    """Sources of a folder that include a header, through others too."""
    texts = {p.relative_to(ROOT).as_posix(): p.read_text() for p in sorted((ROOT / folder).iterdir()) if p.is_file()}
    seen, waiting = set(), [header]
    while waiting:
        name = waiting.pop()
        users = {path for path, text in texts.items() if f'#include "{name}"' in text} - seen
        seen |= users
        waiting += users
    return sorted(path for path in seen if path.endswith(".cpp"))


def units_of(path):
    """The sources to compile where a file is broken."""
    if path.endswith(".cpp"):
        return [path]
    if path.startswith("rushlight/ops/"):
        return includers(path, "rushlight/ops")
    return list(FORMULA_UNITS)


def tests_of(path):
    """Tests that judge a header that no part of the library computes with yet."""
    if not path.startswith("rushlight/math/") or not path.endswith(".h"):
        return []
    used = any(re.search(rf'#include "{path}"', p.read_text()) for p in (ROOT / "rushlight").rglob("*.[hc]*"))
    generated = pathlib.PurePath(path).name in ("elementwise.h",)
    return [] if used or generated else includers(path, "tests/math")


def test_sources():
    return sorted(p.relative_to(ROOT).as_posix() for folder in TEST_FOLDERS for p in (ROOT / "tests" / folder).glob("*_test.cpp"))


# -- one mutant ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Outcome:
    mutant: places.Mutant
    state: str  # caught, survived, not compiled, equivalent
    why: str
    seconds: float


class Workshop:
    def __init__(self, goldens):
        self.commands = compile_commands()
        self.goldens = goldens
        self.room = pathlib.Path(tempfile.mkdtemp(prefix="work-", dir=ROOM))  # another run may be under way
        self.replay = self.compile("tests/mutants/replay.cpp", self.room, like="rushlight/ops/matmul.cpp", flags=("-O1",))
        self.test_main = BUILD / TEST_OBJECTS / "main.cpp.o"
        self.common = self.room / "common.h"
        self.common.write_text(COMMON)
        words = self.commands["rushlight/ops/matmul.cpp"]
        run([*words, *FLAGS, "-x", "c++-header", str(self.common), "-o", f"{self.common}.gch"], cwd=BUILD, check=True)

    def compile(self, source, room, overlay=None, like=None, flags=FLAGS):
        """The object of a source; headers and the source itself come from the overlay where it has them."""
        target = room / (source.replace("/", "_") + ".o")
        broken = overlay / source if overlay else None
        file = broken if broken and broken.exists() else ROOT / source
        words = list(self.commands[like or source])
        first = [f"-I{overlay}"] if overlay else []
        if file is broken and source.startswith("rushlight/ops/"):
            first += ["-include", str(self.common)]
        command = [words[0], *first, *words[1:], *flags, "-c", str(file), "-o", str(target)]
        done = run(command, cwd=BUILD, timeout=COMPILER_SECONDS)
        if done.returncode:
            raise CompileError(done.stderr)
        return target

    def link(self, objects, program):
        compiler = self.commands["rushlight/ops/matmul.cpp"][0]
        command = [compiler, *map(str, objects), str(BUILD / "librushlight.a"), "-pthread", "-ldl", "-o", str(program)]
        done = run(command, timeout=COMPILER_SECONDS)
        if done.returncode:
            raise CompileError(done.stderr)

    def judge(self, program, *arguments):
        """(right, the last words)"""

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (RUNNER_MEMORY, RUNNER_MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (RUNNER_SECONDS, RUNNER_SECONDS))

        try:
            done = run([str(program), *arguments], timeout=RUNNER_PATIENCE, preexec_fn=limit)
        except subprocess.TimeoutExpired:
            return False, f"sleeps for {RUNNER_PATIENCE} s"
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:] or [""]
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return False, f"hangs ({RUNNER_SECONDS} s)"
        if done.returncode < 0:
            return False, f"dies of {signal.Signals(-done.returncode).name} {last[0]}"
        return done.returncode == 0, last[0]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.room)

    def unbroken(self):
        program = self.room / "replay"
        self.link([self.replay], program)
        return self.judge(program, str(self.goldens))

    def try_mutant(self, mutant, room):
        overlay = room / "overlay"
        broken = overlay / mutant.path
        broken.parent.mkdir(parents=True)
        broken.write_text(mutant.broken_source)
        program = room / "program"
        if tests := tests_of(mutant.path):
            self.link([self.test_main, *(self.compile(test, room, overlay) for test in tests)], program)
            return self.judge(program)
        objects = [self.compile(unit, room, overlay) for unit in units_of(mutant.path)]
        self.link([self.replay, *objects], program)
        right, why = self.judge(program, str(self.goldens))
        if right:
            ours = mutant.path.startswith("rushlight/ops/")
            tests = self.op_tests(mutant.path, room, overlay) if ours else self.math_tests(room, overlay)
            self.link([self.test_main, *tests, *objects], program)
            right, why = self.judge(program, "--minimal", "--no-skipped-summary", "--abort-after=1")
        return right, why

    def op_tests(self, path, room, overlay):
        """As the build left them, but for those that include the broken header."""
        stale = {test for test in test_sources() if f'#include "{path}"' in (ROOT / test).read_text()}
        fresh = [self.compile(test, room, overlay) for test in sorted(stale)]
        return fresh + [BUILD / "CMakeFiles/rushlight_tests.dir" / f"{test}.o" for test in test_sources() if test not in stale]

    def math_tests(self, room, overlay):
        """What the formulas are at kinks, poles and NaN is tested by name."""
        return [self.compile(test, room, overlay) for test in MATH_TESTS]

    def outcome(self, number, mutant):
        started = time.perf_counter()
        room = self.room / str(number)
        try:
            right, why = self.try_mutant(mutant, room)
            state = "survived" if right else "caught"
        except (CompileError, subprocess.TimeoutExpired) as error:
            state, why = "not compiled", (str(error).strip().splitlines() or [""])[0]
        shutil.rmtree(room, ignore_errors=True)
        return Outcome(mutant, state, why, time.perf_counter() - started)


class CompileError(Exception):
    pass


# -- many ---------------------------------------------------------------------------------------------------------------


def goldens_path():
    """Where the goldens of these sources are: another file wherever something that they depend on has changed."""
    digest = hashlib.sha256()
    here = pathlib.Path(__file__).parent
    used = [*(ROOT / "tests/conformance").rglob("*.py"), here / "goldens.py", here / "golden_file.py"]
    used += [p for p in (ROOT / "rushlight").rglob("*") if p.suffix in (".h", ".cpp")]
    for path in sorted(used):
        digest.update(path.read_bytes())
    return ROOM / f"goldens-{digest.hexdigest()[:16]}.bin"


def goldens_file(jobs):
    file = goldens_path()
    if not file.exists():
        ROOM.mkdir(parents=True, exist_ok=True)
        for old in ROOM.glob("goldens-*.bin"):
            old.unlink()
        started = time.perf_counter()
        fresh = file.with_suffix(".new")
        subprocess.run([sys.executable, "-W", "ignore", str(pathlib.Path(__file__).parent / "goldens.py"), str(fresh), "--jobs", str(jobs)], check=True)
        fresh.rename(file)
        print(f"goldens: {time.perf_counter() - started:.0f} s", flush=True)
    return file


def outcomes(workshop, mutants, count, jobs, known):
    """`count` outcomes of mutants that compile and could matter; the others as they come between them."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running, counted, number, seen = {}, 0, 0, set()
        while counted < count or running:
            while len(running) < jobs and counted + len(running) < count:
                mutant = next(mutants)
                if mutant in seen:
                    continue
                seen.add(mutant)
                if proof := known.proof_of(mutant):
                    yield Outcome(mutant, "equivalent", proof, 0.0)
                    continue
                running[pool.submit(workshop.outcome, number, mutant)] = mutant
                number += 1
            done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                del running[future]
                outcome = future.result()
                counted += outcome.state != "not compiled"
                yield outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="only places in files whose path contains this")
    arguments = parser.parse_args()
    known = equivalent.Known(ROOT)
    every = places.all_places(ROOT, FOLDERS)
    print(f"{len(every)} places in {len({path for path, _, _ in every})} files of {' and '.join(FOLDERS)}", flush=True)
    if arguments.only:
        every = [place for place in every if arguments.only in place[0]]
    found = {"caught": [], "survived": [], "not compiled": [], "equivalent": []}
    with Workshop(goldens_file(arguments.jobs)) as workshop:
        right, words = workshop.unbroken()
        print(f"unbroken: {words}", flush=True)
        if not right:
            return 1  # the library, or this runner, is wrong before anything is broken
        drawn = places.draw(every, arguments.seed)
        for outcome in outcomes(workshop, drawn, arguments.count, arguments.jobs, known):
            found[outcome.state].append(outcome)
            print(f"{outcome.state:>12} {outcome.seconds:5.1f} s  {outcome.mutant}\n{'':22}{str(outcome.why)[:200]}", flush=True)
    caught, survived = len(found["caught"]), len(found["survived"])
    slowest = max((o.seconds for o in found["caught"] + found["survived"]), default=0.0)
    print("\n".join(f"SURVIVED: {outcome.mutant}" for outcome in found["survived"]))
    print(
        f"{caught} of {caught + survived} mutants caught ({100 * caught / max(caught + survived, 1):.1f} %); "
        f"{len(found['equivalent'])} equivalent, {len(found['not compiled'])} did not compile; slowest {slowest:.1f} s"
    )
    return 0 if caught >= ENOUGH * (caught + survived) else 1


if __name__ == "__main__":
    sys.exit(main())
