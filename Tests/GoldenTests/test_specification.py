"""SPECIFICATION.md names only tests and scenarios that exist."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = [
    line.split("|") for line in (ROOT / "SPECIFICATION.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


def functions():
    """All test functions, as `type.function`, from Swift suites and pytest files."""
    found = set()
    for path in (ROOT / "Tests").rglob("*.swift"):
        suite = ""
        for line in path.read_text().splitlines():
            if declared := re.search(r"^(?:@Suite\S*\s+)?(?:final )?(?:struct|class|extension) (\w+)", line):
                suite = declared[1]
            elif function := re.search(r"^  (?:@Test\S*.* )?func (\w+)", line):
                found.add(f"{suite}.{function[1]}")
    for path in (ROOT / "Tests").rglob("test_*.py"):
        found |= {f"{path.stem}.{name}" for name in re.findall(r"^def (\w+)", path.read_text(), re.MULTILINE)}
    return found


TESTS = functions()


@pytest.mark.parametrize("promise, held_by", [(row[1].strip(), row[2]) for row in ROWS])
def test_promise_is_held(promise, held_by):
    names = re.findall(r"`([^`]+)`", held_by)
    assert names, "no test is named"
    for name in names:
        if name.endswith(".yaml"):
            assert (ROOT / name).is_file(), name
        else:
            assert name in TESTS, f"there is no test {name}"
