"""The table: as text, and kept in bench/results/ by kind of machine."""

import datetime
import json
import os
import pathlib
import re

FOLDER = pathlib.Path(__file__).parent / "results"
VERDICTS = {True: "met", False: "MISSED", None: ""}


def share(row):
    return f"{100 * row['limit_share']:.0f} %" if row.get("limit_share") else ""


def text_of(row):
    """One line: a contest against a rival (more is better), or a figure with a bound."""
    if "rival" in row:
        low = f"{row['ours_ms']:10.4f} ms {row['rival_ms']:10.4f} ms  {row['ratio']:6.2f} x ({row['ratio_low']:.2f})"
        figure, target = f"{low} {share(row):>6}", f">= {row['target']} x"
    else:
        figure, target = f"{row['measured']:10.2f} {row['unit']}", bound_of(row)
    level = "" if row.get("level") in (None, "required") else f" ({row['level']})"
    return f"{row['workload'] + level:<52} {row.get('rival', ''):<32} {figure:<52} {target:<10} {VERDICTS[row['met']]}"


def bound_of(row):
    if "target" not in row:
        return ""
    return f"{'>=' if row.get('more') else '<='} {row['target']:g}"


def machine():
    """What results depend on: the processor and the widest instructions that are used."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    field = lambda name: re.search(rf"^{name}\s*: (.*)$", text, re.M).group(1).strip()
    flags = field("flags").split()
    widest = "v4" if "avx512vl" in flags else "v3" if "avx2" in flags else "v2"
    name = re.sub(r"\W+", "-", field("model name")).strip("-").lower()
    return f"{name}-{field('cpu family')}-{field('model')}-{os.environ.get('RUSHLIGHT_ISA', widest)}"


def markdown(name, sections):
    yield f"# {name}\n"
    yield "Written by `./dev bench`: medians of rounds in turn, each side on 2 threads. The ratio is the rival's time by ours, in"
    yield "brackets the lower end of its 95 % interval. The limit is the time that arithmetic or memory, whichever takes longer, must"
    yield "take at the speeds measured meanwhile; bytes count every read and write of every op, so what stays in caches can pass it.\n"
    for section, entry in sections.items():
        yield f"## {section}\n\nMeasured {entry['date']}, load {entry['load']:.1f}.\n"
        yield "| what | ours | rival | its time | ratio | of the limit | target | |"
        yield "|---|---|---|---|---|---|---|---|"
        for row in entry["rows"]:
            level = "" if row.get("level") in (None, "required") else f" ({row['level']})"
            if "rival" in row:
                cells = [f"{row['ours_ms']:.4g} ms", row["rival"], f"{row['rival_ms']:.4g} ms"]
                cells += [f"{row['ratio']:.2f} ({row['ratio_low']:.2f})", share(row), f">= {row['target']}"]
            else:
                cells = [f"{row['measured']:.4g} {row['unit']}", "", "", "", "", bound_of(row)]
            yield "| " + " | ".join([row["workload"] + level, *cells, VERDICTS[row["met"]]]) + " |"
        yield ""


def keep(sections, load):
    """Writes these sections over what was measured on this kind of machine before."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{machine()}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    date = datetime.date.today().isoformat()
    kept.update({name: {"date": date, "load": load, "rows": rows} for name, rows in sections.items()})
    path.write_text(json.dumps(kept, indent=1) + "\n")
    path.with_suffix(".md").write_text("\n".join(markdown(machine(), kept)))
    return path.with_suffix(".md")
