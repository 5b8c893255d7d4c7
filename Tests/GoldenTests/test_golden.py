"""Every scenario in scenarios/ gives the results it always gave, and meets its expectations."""

import difflib
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import golden  # noqa: E402

LINES_SHOWN_MAX = 40


@pytest.mark.parametrize("name", golden.scenarios())
def test_scenario_gives_its_golden_results(name):
    """Two threads here and one where goldens are written: the number must not matter."""
    missing = golden.missing_traces(name)
    if missing:
        pytest.skip(f"scenarios/{name}.yaml replays published traces: {missing}")
    if name.startswith("overcommit/bitbrains") and "/debug/" in golden.command():
        pytest.skip("takes a minute in a debug build; the release stage of .ci/run holds it")
    expected = golden.expected(name)
    assert expected, f"scenarios/{name}.yaml has no golden results yet; {how_to_update(name)}"
    changes = differences(expected, golden.measured(name, threads=2))
    if changes:
        pytest.fail(f"scenarios/{name}.yaml gives other results:\n{changes}\n\nIf they are right, {how_to_update(name)}"
                    " and say why in the commit message.", pytrace=False)


@pytest.mark.parametrize("name", golden.scenarios())
def test_scenario_asks_a_question(name):
    """The schema for editors comes first, then a question, in a comment."""
    lines = (golden.SCENARIOS / f"{name}.yaml").read_text().splitlines()
    up = "../" * (name.count("/") + 1)
    assert lines[0] == f"# yaml-language-server: $schema={up}schema/scenario.schema.json"
    comment = [line for line in lines[1:12] if line.startswith("#")]
    assert any("?" in line for line in comment), "the first lines ask a question"
    assert f"]({name}.yaml)" in (golden.SCENARIOS / "README.md").read_text(), "scenarios/README.md lists it"


def test_no_golden_results_without_scenario():
    assert golden.without_scenario() == [], "remove them, or bring their scenario back"


def test_sample_traces_are_what_the_script_writes(tmp_path):
    script = golden.ROOT / "Scripts" / "make-sample-traces.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True)
    committed = golden.SCENARIOS / "traces" / "sample"
    assert contents(tmp_path) == contents(committed), "run Scripts/make-sample-traces.py and commit what it writes"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def how_to_update(name):
    return f"run Scripts/update-goldens {name}"


def differences(expected, measured):
    """A unified diff of the files that differ, the summary first, cut where it gets long."""
    lines = []
    for file in sorted(expected.keys() | measured.keys(), key=lambda file: (file != "summary.json", file)):
        before = expected.get(file, "").splitlines()
        after = measured.get(file, "").splitlines()
        lines += difflib.unified_diff(before, after, f"golden {file}", f"now {file}", lineterm="", n=1)
    if len(lines) > LINES_SHOWN_MAX:
        left = len(lines) - LINES_SHOWN_MAX
        lines = lines[:LINES_SHOWN_MAX] + [f"… and {left} more lines of difference"]
    return "\n".join(lines)
