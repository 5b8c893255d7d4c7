"""A recording of a KVM host, finished, replayed and compared. None of it needs a host: the recording is of a lab with three
guests on one pCPU, whose weights and quota change (Tests/KVMLab)."""

import json
import shutil
import subprocess

import pytest

from ballast_runs import FIXTURES, ballast, load_yaml, read_csv, run, write

RECORDING = FIXTURES / "recordings/three-guests"


@pytest.fixture
def recording(tmp_path):
    """A copy: finishing writes beside the snapshots."""
    return shutil.copytree(RECORDING, tmp_path / "rec")


@pytest.fixture
def replayed(recording, tmp_path):
    finish(recording)
    run(recording / "scenario.yaml", tmp_path / "run", "--quiet")
    return recording, tmp_path / "run"


def finish(recording, code=0):
    done = ballast("host", "record", "--finish", recording)
    assert done.returncode == code, done.stderr
    return done


def test_a_recording_becomes_a_scenario(recording):
    done = finish(recording)
    assert done.stdout == f"{recording}/scenario.yaml\n"
    assert "recorded 46.025 s of 3 VMs on 1 pCPU" in done.stderr
    scenario = load_yaml((recording / "scenario.yaml").read_text())
    (host,) = scenario["clusters"][0]["hosts"]
    assert host["cpu"]["cores"] == 1
    assert [vm["name"] for vm in scenario["vms"]] == ["lab-a", "lab-b", "lab-c", "other-use"]
    assert [vm["cpu"]["shares"] for vm in scenario["vms"][:3]] == [1024, 2048, 1024]
    # Weight 4096 after 20 s, a quota after 30 s.
    sets = [event["set"]["cpu"] for event in scenario["events"]]
    assert [list(cpu) for cpu in sets] == [["shares"], ["limit"]]
    assert sets[0]["shares"] == 4096
    assert sorted(path.name for path in (recording / "trace").iterdir()) == [
        "lab-a.csv", "lab-b.csv", "lab-c.csv", "other-use.csv"]
    checked = ballast("validate", recording / "scenario.yaml")
    assert checked.returncode == 0, checked.stderr


def test_finishing_again_gives_the_same(recording):
    """The fixture has been finished: the same snapshots give the same scenario and trace, byte for byte."""
    first = {path.name: path.read_bytes() for path in recording.rglob("*") if path.is_file()}
    assert len(first) == 6
    finish(recording)
    assert {path.name: path.read_bytes() for path in recording.rglob("*") if path.is_file()} == first


def test_the_replay_is_within_3_points(replayed):
    recording, out = replayed
    done = ballast("host", "compare", recording, out, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert [vm["vm"] for vm in told["vms"]] == ["lab-a", "lab-b", "lab-c"]
    for vm in told["vms"]:
        assert abs(vm["cpu"]["simulated"] - vm["cpu"]["measured"]) <= 0.5
        assert vm["cpu"]["mean"] <= vm["cpu"]["p95"] <= vm["cpu"]["max"] <= 3
    assert told["only_measured"] == told["only_simulated"] == []


def test_the_table_and_the_page(replayed):
    recording, out = replayed
    done = ballast("host", "compare", recording, out)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["VM", "quantity", "measured", "simulated", "mean", "error", "p95", "largest"]
    assert lines[-1] == f"page: {out}/compare.html"
    page = (out / "compare.html").read_text()
    assert page.count('<figure class="chart') == 6
    assert "http://" not in page.replace("http://www.w3.org", "") or "src=\"http" not in page


def test_a_page_of_a_name_of_its_own_is_not_replaced_unasked(replayed, tmp_path):
    recording, out = replayed
    page = tmp_path / "mine.html"
    page.write_text("mine")
    words = ["host", "compare", recording, out, "--html", page]
    done = ballast(*words)
    assert (done.returncode, done.stdout, page.read_text()) == (74, "", "mine")
    assert "exists; --force replaces it" in done.stderr
    assert ballast(*words, "--force").returncode == 0
    # The run's own page is written anew every time.
    for _ in range(2):
        assert ballast("host", "compare", recording, out).returncode == 0
    assert page.read_text() == (out / "compare.html").read_text()
    # An answer outlives a page that cannot be written.
    done = ballast("host", "compare", recording, out, "--html", tmp_path / "none" / "page.html")
    assert done.returncode == 74 and done.stdout.startswith("VM ") and "page:" not in done.stdout


def test_a_run_of_something_else_is_65(replayed, tmp_path):
    """No VM in common: an error that names both, and no page."""
    recording, _ = replayed
    other = write(tmp_path / "other.yaml", (recording / "scenario.yaml").read_text().replace('name: "lab-', 'name: "x-').replace('vm: "lab-', 'vm: "x-'))
    shutil.copytree(recording / "trace", tmp_path / "trace")
    run(other, tmp_path / "other", "--quiet")
    for extra in [[], ["--json"]]:
        done = ballast("host", "compare", recording, tmp_path / "other", *extra)
        assert done.returncode == 65
        assert done.stdout == ""
        assert "lab-a" in done.stderr and "x-a" in done.stderr and "scenario.yaml" in done.stderr
    assert not (tmp_path / "other/compare.html").exists()


def test_measured_means_agree_with_the_counters(replayed):
    """What `compare` calls measured, computed again from the first and the last snapshot."""
    recording, out = replayed
    told = json.loads(ballast("host", "compare", recording, out, "--json").stdout)
    snapshots = [json.loads(line) for line in (recording / "snapshots.jsonl").read_text().splitlines()[1:]]
    first, last = snapshots[0], snapshots[-1]
    length = last["monotonicTime"] - first["monotonicTime"]
    for vm, before, after in zip(told["vms"], first["domains"], last["domains"]):
        wanted = (after["vcpuTime"] - before["vcpuTime"]) / length * 100
        assert vm["cpu"]["measured"] == pytest.approx(wanted, abs=0.5)


def test_other_use_is_delivered_whole(replayed):
    """It reserves the pCPU, so the replay takes from the VMs exactly what others took."""
    _, out = replayed
    _, rows = read_csv(out, "vms.csv")
    others = [row for row in rows if row["vm"] == "other-use"]
    assert others
    assert all(float(row["cpu_used_mhz"]) == pytest.approx(float(row["cpu_demand_mhz"]), abs=0.01) for row in others)


def test_a_torn_last_line_is_told_and_left_out(recording):
    file = recording / "snapshots.jsonl"
    text = file.read_bytes()
    file.write_bytes(text[:-200])
    done = finish(recording)
    assert "1 torn last line" in done.stderr


def test_a_line_that_is_no_snapshot_is_65_with_its_number(recording):
    file = recording / "snapshots.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    lines[4] = '{"hello": 1}\n'
    file.write_text("".join(lines))
    done = finish(recording, code=65)
    assert "snapshots.jsonl:5:" in done.stderr


@pytest.mark.parametrize("text", ["", "{}\n", "hello\n", '{"ballastRecording": 99, "ballastVersion": "1", "interval": 1}\n'])
def test_what_is_no_recording_is_65(recording, text):
    (recording / "snapshots.jsonl").write_text(text)
    assert "snapshots.jsonl" in finish(recording, code=65).stderr


def test_one_snapshot_is_65(recording):
    file = recording / "snapshots.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:2]))
    assert "fewer than two" in finish(recording, code=65).stderr


def test_what_is_missing_is_66(recording, tmp_path):
    finish(tmp_path / "none", code=66)
    (tmp_path / "empty").mkdir()
    finish(tmp_path / "empty", code=66)
    finish(recording)
    assert ballast("host", "compare", recording, tmp_path / "none").returncode == 66
    assert ballast("host", "compare", tmp_path / "none", tmp_path / "none").returncode == 66


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "--out"),
        (["--out", "x", "--finish", "y"], "--finish"),
        (["--finish", "y", "--duration", "1m"], "--duration"),
        (["--out", "x", "--interval", "1ms"], "--interval"),
        (["--out", "x", "--interval", "10"], "no unit"),
        (["--out", "x", "--interval", "10s", "--duration", "1s"], "--duration"),
    ],
)
def test_usage_errors(arguments, words):
    done = ballast("host", "record", *arguments)
    assert done.returncode == 64
    assert words in done.stderr


def test_no_host_is_69_and_leaves_nothing_behind(tmp_path):
    done = ballast(
        "host", "record", "--connect", f"qemu+unix:///system?socket={tmp_path}/none", "--out", tmp_path / "rec")
    assert done.returncode == 69, done.stderr
    assert done.stderr
    assert not (tmp_path / "rec").exists()


def test_a_recording_that_is_there_is_kept(tmp_path):
    """The built-in host of libvirt's test driver stands in, where the library is."""
    connect = ["--connect", "test:///default", "--interval", "100ms", "--duration", "300ms", "--out", tmp_path / "rec"]
    first = ballast("host", "record", *connect)
    if first.returncode == 69:
        pytest.skip(f"no libvirt here: {first.stderr.strip()}")
    assert first.returncode == 0, first.stderr
    before = (tmp_path / "rec/snapshots.jsonl").read_bytes()
    again = ballast("host", "record", *connect)
    assert again.returncode == 74
    assert "already" in again.stderr
    assert (tmp_path / "rec/snapshots.jsonl").read_bytes() == before


def test_the_fixture_is_of_form_1():
    header = json.loads((RECORDING / "snapshots.jsonl").read_text().splitlines()[0])
    assert header["ballastRecording"] == 1
