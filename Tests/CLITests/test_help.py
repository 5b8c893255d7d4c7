"""Help, versions, usage errors, and the man page and completions that must keep in step with them."""

import json
import re
import subprocess

import pytest

from ballast_runs import BALLAST, PROJECT, ballast


def commands():
    """Every command as (words, its entry in ArgumentParser's description of the command line)."""
    tree = json.loads(ballast("--experimental-dump-help").stdout)["command"]

    def walk(entry, words):
        yield words, entry
        for child in entry.get("subcommands", []):
            yield from walk(child, [*words, child["commandName"]])

    return list(walk(tree, []))


COMMANDS = commands()
BUILT = {
    "init", "validate", "run", "report", "explain", "schema", "trace", "profiles", "plan", "sweep", "compare", "import",
    "export", "notebook", "host",
}
# What the interface names; a command leaves this list for the one above when it is built.
ANNOUNCED = ["resume", "failure", "fuzz"]


def test_every_built_command_is_there():
    assert {words[0] for words, _ in COMMANDS if words} - {"help"} >= BUILT


# `help` has no help of its own.
@pytest.mark.parametrize("words", [words for words, _ in COMMANDS if words != ["help"]], ids=" ".join)
def test_help_of_every_command(words):
    done = ballast(*words, "--help")
    assert done.returncode == 0
    assert "OVERVIEW: " in done.stdout and "USAGE: ballast" in done.stdout
    assert done.stderr == ""
    assert ballast("help", *words).stdout == done.stdout


def test_no_arguments_show_the_help():
    assert ballast().stdout == ballast("--help").stdout


def test_version():
    done = ballast("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["frobnicate"], "frobnicate"),
        (["--frobnicate"], "--frobnicate"),
        (["run"], "<file>"),
        (["run", "x.yaml", "--sed", "7"], "--seed"),
        (["run", "x.yaml", "--seed", "seven"], "seven"),
        (["run", "x.yaml", "--seed", "-1"], "--seed"),
        (["run", "x.yaml", "--threads", "0"], "--threads"),
        (["run", "x.yaml", "--out"], "--out"),
        (["run", "x.yaml", "y.yaml"], "y.yaml"),
        (["run", "x.yaml", "--checkpoint-every", "1h"], "not built yet"),
        (["validate"], "<files>"),
        (["report"], "<directory>"),
        (["explain", "x"], "--vm"),
        (["explain", "x", "--vm", "web"], "--at"),
        (["explain", "x", "--vm", "web", "--at", "90"], "has no unit"),
        (["explain", "x", "--vm", "web", "--at", "noon"], "noon"),
        (["trace", "frobnicate"], "frobnicate"),
        (["trace", "inspect", "x", "--format", "frobnicate"], "planetlab"),
        (["trace", "inspect", "x", "--interval", "-3"], "--interval"),
        (["profiles", "frobnicate"], "frobnicate"),
        (["plan", "hosts"], "<file>"),
        (["plan", "fit", "x.yaml"], "--vm"),
        (["plan", "growth", "x.yaml"], "--per-year"),
        (["plan", "growth", "x.yaml", "--per-year", "20"], "20%"),
        (["plan", "ratio", "x.yaml", "--vary", "disk"], "--vary"),
        (["plan", "hosts", "x.yaml", "--tolerate", "-1"], "--tolerate"),
        (["plan", "ratio", "x.yaml", "--block", "6"], "--block"),
        *[(["plan", "ratio", "x.yaml", *words], words[-2]) for words in [
            ["--from", "nan"], ["--to", "nan"], ["--to", "inf"], ["--to", "1e300", "--from", "1e-300"],
            ["--vary", "memory", "--from", "1e-300"], ["--steps", "1"], ["--cpu-ratio", "nan"],
            ["--memory-ratio", "1e300"], ["--confidence", "nan"], ["--confidence", "99.99999999999999"],
            ["--repetitions", "0"]]],
        (["plan", "growth", "x.yaml", "--per-year", "nan%"], "--per-year"),
        (["plan", "growth", "x.yaml", "--per-year", "9%", "--horizon", "9223372036854775807"], "--horizon"),
        (["plan", "sensitivity", "x.yaml", "--spread", "nan"], "--spread"),
        (["plan", "limits", "x.yaml", "--steps", "1000000"], "--steps"),
        (["plan", "fit", "x.yaml", "--vm", "web", "--most", "0"], "--most"),
        (["plan", "versus", "x.yaml", "y.yaml", "--out", "z.yaml"], "--out"),
        (["compare", "x", "y", "--confidence", "99.99999999999999"], "--confidence"),
        (["compare", "x", "y", "--lines", "-1"], "--lines"),
        (["sweep", "unit", "x.yaml"], "--index"),
        (["sweep", "run", "x.yaml", "--engine", "dask"], "--scheduler"),
        (["compare", "x"], "<b>"),
    ],
    ids=" ".join,
)
def test_usage_errors(arguments, words):
    done = ballast(*arguments)
    assert done.returncode == 64
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", ANNOUNCED)
@pytest.mark.parametrize("rest", [[], ["x", "--y"], ["--help"]], ids=["alone", "with arguments", "help"])
def test_announced_commands_say_that_they_are_not_built(name, rest):
    done = ballast(name, *rest)
    assert done.returncode == 64
    assert f"'{name}' is not built yet" in done.stderr
    assert done.stdout == ""


def test_a_set_without_a_value_says_how(small):
    done = ballast("run", small, "--set", "seed")
    assert done.returncode in (64, 65)
    assert "--set" in done.stderr and "=" in done.stderr


def test_the_man_page_names_every_command_and_option():
    page = (PROJECT / "docs/ballast.1").read_text().replace("\\-", "-")
    for words, entry in COMMANDS:
        if words and not entry.get("subcommands"):
            assert re.search(rf'^\.(TP\n\.)?BI? "?{" ".join(words)}\b', page, re.MULTILINE), f"no {' '.join(words)}"
        for argument in entry.get("arguments", []):
            for name in argument.get("names") or []:
                dashes = "--" if len(name["name"]) > 1 else "-"
                shown = argument.get("shouldDisplay")
                assert not shown or dashes + name["name"] in page, f"no {name['name']} of {words}"


def test_the_man_page_names_no_option_that_is_gone():
    page = (PROJECT / "docs/ballast.1").read_text().replace("\\-", "-")
    known = {n["name"] for _, entry in COMMANDS for a in entry.get("arguments", []) for n in a.get("names") or []}
    assert {name for name in re.findall(r"--([a-z-]+)", page)} <= known


@pytest.mark.parametrize("shell, check", [("bash", ["bash", "-n"]), ("zsh", None), ("fish", None)])
def test_completions(shell, check, tmp_path):
    done = ballast("--generate-completion-script", shell)
    assert done.returncode == 0
    assert "validate" in done.stdout and "inspect" in done.stdout
    if check:
        script = tmp_path / "script"
        script.write_text(done.stdout)
        assert subprocess.run([*check, script]).returncode == 0


def test_output_that_cannot_be_written_is_74():
    with open("/dev/full", "w") as full:
        done = ballast("schema", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 74
    assert "No space left on device" in done.stderr


def test_a_reader_that_goes_away_is_no_error():
    done = subprocess.run(
        ["bash", "-c", '"$0" schema | head -n 1; exit "${PIPESTATUS[0]}"', BALLAST],
        capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_errors_that_cannot_be_shown_keep_their_code(tmp_path):
    with open("/dev/full", "w") as full:
        done = ballast("run", tmp_path / "none.yaml", stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 66
