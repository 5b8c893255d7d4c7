"""What the golden tests compare: one folder of expected results per scenario.

`golden/<path of the scenario>/summary.json` holds the digest, the key figures, the expectations, and per result file
its SHA-256, its number of rows, and the sum, minimum and maximum of every numeric column. Files of at most 20 KiB
stand beside it whole. Of scenarios on published traces only the digest and the figures of hosts and run are kept, and
no names.
"""

import csv
import decimal
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
RESULTS = ["hosts.csv", "vms.csv", "vms-summary.csv", "pools.csv", "events.csv"]
KEPT_BYTES_MAX = 20 * 1024


def scenarios():
    """All scenarios, by path without the ending: `basics/shares`."""
    return sorted(str(path.relative_to(SCENARIOS).with_suffix("")) for path in SCENARIOS.rglob("*.yaml"))


def published_traces(name):
    """The published traces a scenario needs: paths behind $BALLAST_TRACES."""
    lines = lines_of(SCENARIOS / f"{name}.yaml")
    words = " ".join(lines).replace(",", " ").replace("}", " ").split()
    return [word.removeprefix("$BALLAST_TRACES/") for word in words if word.startswith("$BALLAST_TRACES/")]


def lines_of(path):
    """Lines of a scenario and of the one it imports, without comments."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    imports = [line.removeprefix("import:").strip() for line in lines if line.startswith("import:")]
    return lines + [line for file in imports for line in lines_of(path.parent / file)]


def missing_traces(name):
    """A sentence on what is missing; empty when the scenario can run."""
    wanted = published_traces(name)
    folder = os.environ.get("BALLAST_TRACES")
    if wanted and not folder:
        return "$BALLAST_TRACES is not set"
    absent = [path for path in wanted if not (pathlib.Path(folder) / path).exists()]
    return f"$BALLAST_TRACES has no {', '.join(absent)}" if absent else ""


def command():
    """$BALLAST, or the build that was made last."""
    if "BALLAST" in os.environ:
        return os.environ["BALLAST"]
    builds = [ROOT / ".build" / kind / "ballast" for kind in ("debug", "release")]
    builds = [path for path in builds if path.exists()]
    if not builds:
        raise SystemExit("no ballast is built; run ./quickstart --build-only, or set $BALLAST")
    return str(max(builds, key=lambda path: path.stat().st_mtime))


def run(name, directory, threads=1):
    """Runs a scenario; what it prints is returned, and its exit code."""
    done = subprocess.run(
        [command(), "run", str(SCENARIOS / f"{name}.yaml"), "--out", str(directory), "--quiet", "--threads",
         str(threads)],
        env=os.environ | {"BALLAST_DYGRAPHS": ""}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def summary(name, directory):
    """What is compared of a run beside whole files."""
    result = json.loads((directory / "run.json").read_text(), parse_float=str)
    is_published = bool(published_traces(name))
    figures = {figure["name"]: figure["value"] for figure in result["summary"]}
    expectations = {
        # Behind the number stands the worst VM's name.
        verdict["text"]: verdict["measured"].split(" (")[0] if is_published else verdict["measured"]
        for verdict in result["expectations"]
    }
    kept = {"digest": result["digest"], "expectations": expectations, "figures": figures, "files": {}}
    for file in RESULTS:
        if is_published and file != "hosts.csv":
            continue
        kept["files"][file] = aggregates(directory / file)
    return kept


def aggregates(path):
    content = path.read_bytes()
    rows = list(csv.DictReader(content.decode().splitlines()))
    columns = {}
    for column in rows[0] if rows else []:
        cells = [row[column] for row in rows if row[column]]
        if cells and all(is_number(cell) for cell in cells):
            numbers = [decimal.Decimal(cell) for cell in cells]
            columns[column] = f"sum {sum(numbers)}, min {min(numbers)}, max {max(numbers)}"
    return {"sha256": hashlib.sha256(content).hexdigest(), "rows": len(rows), "columns": columns}


def is_number(cell):
    try:
        return decimal.Decimal(cell).is_finite()
    except decimal.InvalidOperation:
        return False


def as_text(kept):
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def whole_files(name, directory):
    """Files that are compared byte for byte and can be read in a diff."""
    if published_traces(name):
        return {}
    small = [file for file in RESULTS if (directory / file).stat().st_size <= KEPT_BYTES_MAX]
    return {file: (directory / file).read_text() for file in small}


def expected(name):
    """The golden files of a scenario, by file name."""
    folder = GOLDEN / name
    return {path.name: path.read_text() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def measured(name, threads=1):
    """What the golden files of a scenario would be now."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary) / "run"
        code, output = run(name, directory, threads)
        if code != 0:
            raise AssertionError(f"ballast run scenarios/{name}.yaml ended with {code}:\n{output}")
        return {"summary.json": as_text(summary(name, directory))} | whole_files(name, directory)


def update(name):
    """Rewrites the golden files of a scenario; returns what happened to them."""
    files = measured(name)
    if expected(name) == files:
        return "unchanged"
    folder = GOLDEN / name
    was_there = folder.is_dir()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file).write_text(text)
    return "rewritten" if was_there else "new"


def without_scenario():
    """Golden folders whose scenario has gone."""
    folders = {str(path.parent.relative_to(GOLDEN)) for path in GOLDEN.rglob("summary.json")}
    return sorted(folders - set(scenarios()))
