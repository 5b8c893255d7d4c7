"""Runs every scenario with two builds of the command, on another number of threads, and compares what they write.

usage: compare_builds.py FIRST SECOND

Besides scenarios/ it takes the scenario of the black-box tests, which has a bit of everything. Scenarios on published
traces are skipped where $BALLAST_TRACES is not set.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "Tests/CLITests"))
sys.dont_write_bytecode = True
from ballast_runs import CSV_FILES, MIXED, read_run, scenario_names  # noqa: E402


def differences(first, second):
    """The files of two run directories that differ; of run.json all but the time it took."""
    files = [name for name in [*CSV_FILES, "report.html"] if (first / name).read_bytes() != (second / name).read_bytes()]
    told = [read_run(first), read_run(second)]
    for run in told:
        run.pop("wall_s")
    return files + (["run.json"] if told[0] != told[1] else [])


def main():
    first, second = sys.argv[1:]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory() as folder:
        mixed = pathlib.Path(folder) / "mixed.yaml"
        mixed.write_text(MIXED, encoding="utf-8")
        for path in [mixed, *(PROJECT / name for name in scenario_names())]:
            if "$BALLAST_TRACES" in path.read_text(encoding="utf-8") and not os.environ.get("BALLAST_TRACES"):
                print(f"skipped    {path.name}: needs $BALLAST_TRACES")
                counts["skipped"] += 1
                continue
            # Two scenarios in different folders may have one name.
            outs = [pathlib.Path(folder) / path.parent.name / path.stem / build for build in ("first", "second")]
            codes = [
                subprocess.run(
                    [command, "run", path, "--out", out, "--threads", threads, "--quiet"], timeout=300).returncode
                for command, out, threads in ((first, outs[0], "1"), (second, outs[1], "2"))
            ]
            ran = codes[0] == codes[1] and codes[0] in (0, 1)
            wrong = differences(*outs) if ran else [f"exit codes {codes}"]
            print(f"{'DIFFERENT' if wrong else 'equal    '}  {path.name} {' '.join(wrong)}")
            counts["failed" if wrong else "passed"] += 1
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["failed"] else 0)


main()
