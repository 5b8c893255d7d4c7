"""Scenarios, traces and disks that are not as they should be: each ends with its exit code, a sentence, and nothing left."""

import os
import resource
import shutil
import subprocess

import pytest

from ballast_runs import BALLAST, FIXTURES, MIXED, SMALL, ballast, read_run, run, write

TRACES = FIXTURES / "traces"
IS_ROOT = os.geteuid() == 0


def refuse(path, out, code=65, **options):
    """Neither `validate` nor `run` takes it; nothing appears where the result would be."""
    checked = ballast("validate", path, **options)
    assert checked.returncode == code, checked.stderr[-2000:]
    done = run(path, out, code=code, **options)
    assert done.stdout == ""
    assert not list(out.parent.glob(out.name + "*"))
    return done.stderr


# --- Scenarios ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [
    b"", b"\n\n# only a comment\n", b"\x00\x01\xff\xfe" * 1000, b"\x7fELF" + bytes(range(256)), b"\xff\xfeb\x00a\x00",
    b"ballast: 1\nname: caf\xe9\n", b"just a word", b"- a\n- list\n", b"ballast: 1\n---\nballast: 1\n", b"a: &a [*a]\n",
    b"\t: x", b"a: [1, 2\n", b"!!python/object:x {}\n",
], ids=[
    "empty", "comment", "binary", "elf", "utf-16", "latin-1", "word", "list", "two documents", "endless alias", "tab",
    "open bracket", "tag"])
def test_what_is_no_scenario(tmp_path, content):
    (tmp_path / "s.yaml").write_bytes(content)
    told = refuse(tmp_path / "s.yaml", tmp_path / "out")
    assert "s.yaml:" in told and "error: " in told


@pytest.mark.parametrize("text", [
    "[" * 10_000_000, "{a: " * 2_500_000, "- " * 5_000_000, "a: " + "x" * 17_000_000,
    "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl")),
], ids=["brackets", "braces", "dashes", "17 MB", "a billion laughs"])
def test_scenarios_made_to_exhaust(tmp_path, text):
    told = refuse(write(tmp_path / "s.yaml", text), tmp_path / "out")
    # The message does not bring the file along.
    assert len(told) < 5_000


def test_a_key_given_twice(tmp_path):
    told = refuse(write(tmp_path / "s.yaml", SMALL + "duration: 2h\n"), tmp_path / "out")
    assert "duration" in told and "s.yaml:9:1: error" in told


@pytest.mark.parametrize("length", [1, 2, 3])
def test_imports_in_a_circle(tmp_path, length):
    for k in range(length):
        write(tmp_path / f"{k}.yaml", f"import: {(k + 1) % length}.yaml\n" + SMALL)
    told = refuse(tmp_path / "0.yaml", tmp_path / "out")
    assert "0.yaml" in told and "import" in told


def test_a_missing_import_is_66(tmp_path):
    told = refuse(write(tmp_path / "s.yaml", "import: base.yaml\n" + SMALL), tmp_path / "out", 66)
    assert "s.yaml:1:" in told and "base.yaml" in told and "No such file" in told


def test_an_import_that_is_all_there_is_is_66(tmp_path):
    """What the file lacks may be in the import: that cannot be read, and nothing else is said."""
    told = refuse(write(tmp_path / "s.yaml", "import: base.yaml\n"), tmp_path / "out", 66)
    assert told.count("error:") == 1 and "lacks" not in told


def test_a_cycle_is_one_error(tmp_path):
    write(tmp_path / "b.yaml", "import: a.yaml\n")
    told = refuse(write(tmp_path / "a.yaml", "import: b.yaml\nballast: 1\n"), tmp_path / "out")
    assert told.count("error:") == 1 and "import each other" in told


def test_an_event_at_the_end_is_refused(tmp_path):
    text = SMALL + "events:\n  - {at: 1h, power: {vm: web, state: off}}\n"
    assert "duration: 1h" in SMALL
    told = refuse(write(tmp_path / "s.yaml", text), tmp_path / "out")
    line = text.split("\n").index("  - {at: 1h, power: {vm: web, state: off}}") + 1
    assert f"s.yaml:{line}:10: error: the event at 1h is at the run's end" in told
    assert "move it or lengthen the run" in told


def test_a_start_at_the_end_is_refused(tmp_path):
    told = refuse(write(tmp_path / "s.yaml", SMALL.replace("vcpus:", "start: 1h, vcpus:", 1)), tmp_path / "out")
    assert "start 1h is at the run's end, when nothing happens any more; start it earlier" in told


def test_a_terminal_is_not_painted_by_a_scenario(tmp_path):
    """Control characters of a file do not reach the terminal with the error that shows its line."""
    told = refuse(write(tmp_path / "s.yaml", 'ballast: 1\n"\\e]0;owned\\a": 1\n'), tmp_path / "out")
    assert "\x1b" not in told


# --- Traces -------------------------------------------------------------------------------------------------------


def replaying(path):
    return SMALL.replace("{constant: 50%}", "{trace: t}").replace(
        "vms:\n", f"traces: {{t: {{path: '{path}', at_end: repeat}}}}\nvms:\n")


def test_a_missing_trace_is_66(tmp_path):
    told = refuse(write(tmp_path / "s.yaml", replaying("none/pl")), tmp_path / "out", 66)
    assert "s.yaml:7:20: error" in told and "none/pl" in told


def test_a_trace_cut_in_the_middle_of_a_line_is_65(tmp_path):
    whole = (TRACES / "bitbrains/1.csv").read_bytes()
    (tmp_path / "1.csv").write_bytes(whole[: whole.rindex(b";") - 9])
    told = refuse(write(tmp_path / "s.yaml", replaying("1.csv")), tmp_path / "out")
    assert "1.csv" in told


def test_a_missing_trace_beside_a_wrong_key_is_65(tmp_path):
    refuse(write(tmp_path / "s.yaml", replaying("none") + "duratoin: 1h\n"), tmp_path / "out", 65)


# --- Disks --------------------------------------------------------------------------------------------------------


def nothing_left(out):
    return not list(out.parent.glob(out.name + "*"))


def limited_files(size):
    """For preexec_fn: no file grows beyond the size. SIGXFSZ is as a shell leaves it, which would end the process."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return limit


@pytest.mark.parametrize("size", [0, 1_000, 50_000, 300_000])
def test_a_file_that_may_not_grow_is_74(tmp_path, size):
    """At 50 kB a CSV file does not fit, at 300 kB the page does not."""
    path = write(tmp_path / "s.yaml", MIXED.replace("7000s", "24h"))
    done = run(path, tmp_path / "out", "--quiet", code=74, preexec_fn=limited_files(size))
    assert "cannot write" in done.stderr and "File too large" in done.stderr
    assert nothing_left(tmp_path / "out")


def test_a_failed_write_leaves_the_old_run(tmp_path, small):
    run(small, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run(small, tmp_path / "out", "--force", "--seed", "2", code=74, preexec_fn=limited_files(1_000))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert not (tmp_path / "out.partial").exists()


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = IS_ROOT and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("a small file system can only be mounted by root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_74(tiny_disk, tmp_path):
    path = write(tmp_path / "s.yaml", MIXED.replace("7000s", "24h"))
    done = run(path, tiny_disk / "out", "--quiet", code=74)
    assert "No space left on device" in done.stderr
    assert list(tiny_disk.iterdir()) == []


def test_init_on_a_full_disk_is_74(tiny_disk):
    (tiny_disk / "ballast").mkdir()
    with open(tiny_disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
    done = ballast("init", tiny_disk / "demo")
    assert done.returncode == 74
    assert not (tiny_disk / "demo/scenario.yaml").exists()


def as_nobody(*arguments, cwd):
    """The command as a user who owns nothing; root may write anywhere."""
    command = [BALLAST, *map(str, arguments)]
    if IS_ROOT:
        if not shutil.which("setpriv"):
            pytest.skip("setpriv is not here")
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


@pytest.fixture
def locked(tmp_path_factory):
    """A folder that may be read and not written, with a scenario in it."""
    folder = tmp_path_factory.mktemp("locked")
    write(folder / "small.yaml", SMALL)
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)
    folder.chmod(0o555)
    probe = as_nobody("--version", cwd="/")
    if probe.returncode != 0:
        pytest.skip("another user cannot reach the command in this checkout")
    yield folder
    folder.chmod(0o755)


@pytest.mark.parametrize("arguments", [
    ["run", "small.yaml"], ["run", "small.yaml", "--out", "out"], ["run", "small.yaml", "--out", "a/b"], ["init"],
    ["init", "demo"]], ids=" ".join)
def test_a_folder_that_cannot_be_written_is_74(locked, arguments):
    done = as_nobody(*arguments, cwd=locked)
    assert done.returncode == 74, done.stderr
    assert "Permission denied" in done.stderr or "permission" in done.stderr
    assert [path.name for path in locked.iterdir()] == ["small.yaml"]


def test_a_scenario_that_may_not_be_read_is_66(locked):
    locked.chmod(0o755)
    secret = write(locked / "secret.yaml", SMALL)
    secret.chmod(0)
    done = as_nobody("validate", "secret.yaml", cwd=locked)
    assert done.returncode == 66
    assert "Permission denied" in done.stderr


def test_a_file_where_the_directory_should_be(tmp_path, small):
    (tmp_path / "out").write_text("mine")
    for force in ([], ["--force"]):
        run(small, tmp_path / "out", *force, code=74)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_link_to_a_run_keeps_pointing_to_it(tmp_path, small):
    (tmp_path / "real").mkdir()
    (tmp_path / "latest").symlink_to("real")
    run(small, tmp_path / "latest", "--force")
    assert (tmp_path / "latest").is_symlink()
    assert read_run(tmp_path / "real")["complete"] is True


def test_a_square_wave_too_fine_to_run_is_65(tmp_path):
    """2 ns for an hour would be 1.8 · 10¹² periods: a run without end."""
    text = SMALL.replace("{constant: 50%}", "{square: {period: 2ns, duty: 50%, high: 100%}}")
    done = ballast("run", write(tmp_path / "fine.yaml", text), "--out", tmp_path / "out")
    assert done.returncode == 65
    assert "1,800,000,000,000 periods" in done.stderr
