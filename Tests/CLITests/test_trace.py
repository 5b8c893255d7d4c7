"""trace inspect and convert on the invented fixtures, and on published traces where they are."""

import gzip
import json
import os
import pathlib
import tarfile

import pytest

from ballast_runs import FIXTURES, SMALL, ballast, read_run, run, same_csv, write

TRACES = FIXTURES / "traces"
# Folder, its format, how many series it has.
SAMPLES = [
    ("planetlab", "planetlab", 3),
    ("planetlab-memory", "planetlab", 2),
    ("bitbrains", "bitbrains", 3),
    ("azure-v1", "azure-v1", 3),
    ("azure-v2", "azure-v2", 3),
    ("csv/table.csv", "csv", 3),
]
PUBLISHED = os.environ.get("BALLAST_TRACES")


def inspected(path, *options):
    done = ballast("trace", "inspect", path, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def replay(path):
    """SMALL, its VMs replaying a trace."""
    return SMALL.replace("{constant: 50%}", "{trace: t}").replace(
        "vms:\n", f"traces: {{t: {{path: '{path}', at_end: repeat}}}}\nvms:\n")


@pytest.mark.parametrize("path, form, series", SAMPLES, ids=[sample[0] for sample in SAMPLES])
def test_inspect(path, form, series):
    done = ballast("trace", "inspect", TRACES / path)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert lines["format"].strip() == form
    assert lines["series"].strip() == str(series)
    told = inspected(TRACES / path)
    assert told["schema_version"] == 1
    assert told["format"] == form
    assert told["series"] == str(series)


@pytest.mark.parametrize("path, form, series", SAMPLES, ids=[sample[0] for sample in SAMPLES])
def test_a_converted_trace_replays_the_same(tmp_path, path, form, series):
    done = ballast("trace", "convert", TRACES / path, "--out", tmp_path / "t.btrace")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path}/t.btrace\n"
    run(write(tmp_path / "plain.yaml", replay(TRACES / path)), tmp_path / "plain", "--quiet")
    run(write(tmp_path / "converted.yaml", replay(tmp_path / "t.btrace")), tmp_path / "converted", "--quiet")
    assert same_csv(tmp_path / "plain", tmp_path / "converted") == []


def test_convert_writes_beside_the_trace_and_replaces_only_when_told(tmp_path):
    (tmp_path / "node").write_bytes((TRACES / "planetlab/node-a_invented").read_bytes())
    convert = ["trace", "convert", "node", "--format", "planetlab"]
    assert ballast(*convert, cwd=tmp_path).stdout == "node.btrace\n"
    first = (tmp_path / "node.btrace").read_bytes()
    assert ballast(*convert, cwd=tmp_path).returncode == 74
    assert ballast(*convert, "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "node.btrace").read_bytes() == first


def test_convert_replaces_only_files(tmp_path):
    """A trace takes its name by a rename, which would turn a pipe or a device into a file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        done = ballast("trace", "convert", TRACES / "planetlab", "--out", tmp_path / name, "--force")
        assert done.returncode == 74
        assert "not a regular file" in done.stderr
    assert (tmp_path / "pipe").is_fifo()


def test_convert_where_there_is_no_folder_is_74(tmp_path):
    done = ballast("trace", "convert", TRACES / "planetlab", "--out", tmp_path / "none/t.btrace")
    assert done.returncode == 74
    assert "none" in done.stderr


def test_a_trace_that_is_not_there_is_66(tmp_path):
    for action in ("inspect", "convert"):
        done = ballast("trace", action, tmp_path / "none")
        assert done.returncode == 66
        assert "none" in done.stderr


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x01" * 500, b"hello, world\n"], ids=["empty", "binary", "prose"])
def test_what_is_no_trace_is_65(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    done = ballast("trace", "inspect", tmp_path / "t.csv")
    assert done.returncode == 65, done.stderr
    assert "t.csv" in done.stderr


@pytest.mark.parametrize("path", ["bitbrains", "csv", "azure-v1"])
def test_a_trace_cut_in_the_middle_of_a_line_is_65(tmp_path, path):
    """Half a number reads as another number, so a last line without its end is not believed."""
    for source in (TRACES / path).iterdir():
        if source.suffix == ".csv":
            whole = source.read_bytes()
            (tmp_path / source.name).write_bytes(whole)
    victim = sorted(path for path in tmp_path.iterdir() if path.name != "vmtable.csv")[0]
    lines = victim.read_bytes().splitlines(keepends=True)
    # The last line keeps only its first cell and a half.
    victim.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 3])
    done = ballast("trace", "inspect", tmp_path)
    assert done.returncode == 65, done.stdout
    assert victim.name in done.stderr


def test_a_cut_archive_is_65(tmp_path):
    packed = gzip.compress((TRACES / "csv/table.csv").read_bytes())
    (tmp_path / "t.csv.gz").write_bytes(packed[: len(packed) * 2 // 3])
    done = ballast("trace", "inspect", tmp_path / "t.csv.gz")
    assert done.returncode == 65, done.stdout


def test_packed_and_plain_traces_are_one(tmp_path):
    with tarfile.open(tmp_path / "pl.tar.gz", "w:gz") as archive:
        # Not in the order of their names.
        for name in ("node-c_invented", "node-a_invented", "node-b_invented"):
            archive.add(TRACES / "planetlab" / name, name)
    run(write(tmp_path / "plain.yaml", replay(TRACES / "planetlab")), tmp_path / "plain", "--quiet")
    run(write(tmp_path / "packed.yaml", replay(tmp_path / "pl.tar.gz")), tmp_path / "packed", "--quiet")
    assert same_csv(tmp_path / "plain", tmp_path / "packed") == []


def test_a_run_records_its_traces(tmp_path):
    run(write(tmp_path / "r.yaml", replay(TRACES / "planetlab")), tmp_path / "out", "--quiet")
    (trace,) = read_run(tmp_path / "out")["traces"]
    assert trace["path"].endswith("planetlab")
    assert len(trace["sha256"]) == 64


def test_the_variable_for_traces(tmp_path):
    path = write(tmp_path / "r.yaml", replay("$BALLAST_TRACES/planetlab"))
    run(path, tmp_path / "out", env={**os.environ, "BALLAST_TRACES": str(TRACES)})
    environment = {name: value for name, value in os.environ.items() if name != "BALLAST_TRACES"}
    done = run(path, tmp_path / "none", code=66, env=environment)
    assert "export BALLAST_TRACES=" in done.stderr


@pytest.mark.skipif(not PUBLISHED, reason="published traces are not here; set BALLAST_TRACES")
def test_a_published_trace(tmp_path):
    folder = pathlib.Path(PUBLISHED) / "planetlab/20110303"
    assert inspected(folder)["series"] == "1052"
