"""Signals, and runs that meet in one directory."""

import signal
import subprocess
import time

import pytest

from ballast_runs import BALLAST, CSV_FILES, LONG, MIXED, TIMEOUT, parse_csv, read_run, run, write


def start(*arguments):
    return subprocess.Popen(
        [BALLAST, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        text=True)


def wait_for(path):
    deadline = time.monotonic() + TIMEOUT
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.002)


@pytest.fixture
def long(tmp_path):
    return write(tmp_path / "long.yaml", LONG)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupted_run_keeps_what_it_has(tmp_path, long, number, threads):
    process = start("run", long, "--out", tmp_path / "out", "--threads", threads)
    wait_for(tmp_path / "out.partial/hosts.csv")
    # hosts.csv grows by 256 KiB at a time: now a part of the year has been simulated.
    while (tmp_path / "out.partial/hosts.csv").stat().st_size == 0:
        time.sleep(0.01)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130, stderr
    assert "out.incomplete" in stderr
    assert stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.yaml", "out.incomplete"]
    told = read_run(tmp_path / "out.incomplete")
    assert told["complete"] is False
    assert 0 < told["sim_duration_s"] < 365 * 86_400
    for name in CSV_FILES:
        rows = parse_csv((tmp_path / "out.incomplete" / name).read_text())
        assert len({len(row) for row in rows}) == 1
    hosts = parse_csv((tmp_path / "out.incomplete/hosts.csv").read_text())
    assert float(hosts[-1][0]) == told["sim_duration_s"]
    assert "<html" in (tmp_path / "out.incomplete/report.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_right_at_the_start(tmp_path, long, number):
    """Whenever it comes, no DIR and no DIR.partial is left. Before there is anything to tidy up, a signal simply ends
    the process, which a shell shows as 130 (SIGINT) or 143 (SIGTERM)."""
    for delay in (0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2):
        process = start("run", long, "--out", tmp_path / "out")
        time.sleep(delay)
        process.send_signal(number)
        process.communicate(timeout=TIMEOUT)
        assert process.returncode in (130, -number), delay
        left = {path.name for path in tmp_path.iterdir()} - {"long.yaml"}
        assert left <= {"out.incomplete"}, delay
        if process.returncode == 130:
            assert read_run(tmp_path / "out.incomplete")["complete"] is False
            assert parse_csv((tmp_path / "out.incomplete/vms.csv").read_text())


def test_an_interrupted_run_leaves_the_old_one(tmp_path, long):
    run(long, tmp_path / "out", "--set", "duration=1h", "--quiet")
    before = (tmp_path / "out/run.json").read_bytes()
    process = start("run", long, "--out", tmp_path / "out", "--force")
    wait_for(tmp_path / "out.partial/hosts.csv")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert (tmp_path / "out/run.json").read_bytes() == before
    assert read_run(tmp_path / "out.incomplete")["complete"] is False


def test_a_run_after_one_that_was_killed(tmp_path, long):
    """SIGKILL leaves DIR.partial behind; the next run takes its place."""
    process = start("run", long, "--out", tmp_path / "out")
    wait_for(tmp_path / "out.partial/hosts.csv")
    process.kill()
    process.communicate(timeout=TIMEOUT)
    assert (tmp_path / "out.partial").exists()
    run(long, tmp_path / "out", "--set", "duration=1h", "--quiet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.yaml", "out"]


def test_a_second_run_into_the_same_directory_is_74(tmp_path, long):
    first = start("run", long, "--out", tmp_path / "out")
    wait_for(tmp_path / "out.partial/hosts.csv")
    second = run(long, tmp_path / "out", code=74)
    assert "another run is writing" in second.stderr
    assert first.poll() is None, "the first run goes on"
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=TIMEOUT)
    assert first.returncode == 130
    assert read_run(tmp_path / "out.incomplete")["complete"] is False


def test_runs_that_start_together(tmp_path):
    """Whoever comes first writes; the result is whole, and the others say that they could not."""
    path = write(tmp_path / "mixed.yaml", MIXED)
    run(path, tmp_path / "alone", "--quiet")
    for attempt in range(10):
        out = tmp_path / f"out-{attempt}"
        processes = [start("run", path, "--out", out, "--quiet") for _ in range(4)]
        codes = []
        for process in processes:
            _, stderr = process.communicate(timeout=TIMEOUT)
            codes.append(process.returncode)
            assert process.returncode in (0, 74), stderr
        assert codes.count(0) == 1
        assert (out / "vms.csv").read_bytes() == (tmp_path / "alone/vms.csv").read_bytes()
        assert read_run(out)["complete"] is True
        assert [p.name for p in tmp_path.glob(out.name + "*")] == [out.name]


def test_runs_that_replace_each_other(tmp_path):
    path = write(tmp_path / "mixed.yaml", MIXED)
    run(path, tmp_path / "out", "--quiet")
    whole = (tmp_path / "out/vms.csv").read_bytes()
    for _ in range(10):
        processes = [start("run", path, "--out", tmp_path / "out", "--quiet", "--force") for _ in range(3)]
        codes = [(process.communicate(timeout=TIMEOUT), process.returncode)[1] for process in processes]
        assert 0 in codes and set(codes) <= {0, 74}
        assert (tmp_path / "out/vms.csv").read_bytes() == whole
        assert sorted(p.name for p in tmp_path.iterdir()) == ["mixed.yaml", "out"]


def test_verify_that_is_interrupted_keeps_the_run(tmp_path, long):
    """The first run takes a few seconds; its page is there once it is whole and the second one is under way."""
    process = start("run", long, "--out", tmp_path / "out", "--verify", "--set", "duration=10d")
    wait_for(tmp_path / "out.partial/report.html")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130, stderr
    assert "not verified" in stderr
    assert read_run(tmp_path / "out")["complete"] is True


def test_an_interrupted_run_with_pools_keeps_its_last_samples(tmp_path):
    """Hosts of a cluster with pools meet at every control step: a signal may come in the middle of a window of samples,
    and those of that window are rows, too."""
    text = MIXED.replace("duration: 7000s", "duration: 1000d\nrecord: {vms: summary, interval: 1h}")
    process = start("run", write(tmp_path / "pools.yaml", text), "--out", tmp_path / "out")
    wait_for(tmp_path / "out.partial/hosts.csv")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130, stderr
    rows = parse_csv((tmp_path / "out.incomplete/hosts.csv").read_text())[1:]
    last = float(rows[-1][0]) if rows else 0.0
    assert 0 <= read_run(tmp_path / "out.incomplete")["sim_duration_s"] - last < 3600
    page = (tmp_path / "out.incomplete/report.html").read_text()
    assert "in the part that ran</h2>" in page or "No expectations" in page
