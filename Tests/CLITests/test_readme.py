"""The README's examples: what it shows of a command's output is what the command prints."""

import os
import re
import shlex

import pytest

from ballast_runs import BALLAST, PROJECT, ballast, uses_published_traces


def examples():
    """(command, what is shown of its output) in order, block by block."""
    for block in re.findall(r"```\n(.*?)```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the scenarios are and nothing else is, so that no report of the project is written over."""
    place = tmp_path_factory.mktemp("readme")
    for name in ("scenarios", "Tests"):
        (place / name).symlink_to(PROJECT / name)
    return place


@pytest.mark.parametrize(("command", "shown"), examples())
def test_what_is_shown_is_printed(place, command, shown):
    words = shlex.split(command)
    assert words[0] == "ballast"
    if any(word.startswith("scenarios/") and uses_published_traces(word) for word in words):
        if not os.environ.get("BALLAST_TRACES"):
            pytest.skip("the published traces are not here")
        if "/debug/" in BALLAST:
            pytest.skip("takes a minute in a debug build; the release stage of .ci/run holds it")
    done = ballast(*words[1:], cwd=place)
    printed = " ".join((done.stdout + done.stderr).split())
    # "…" stands for what is left out; lines may be broken where the page is narrow.
    for piece in shown.split("…"):
        assert " ".join(piece.split()) in printed, done.stdout + done.stderr
