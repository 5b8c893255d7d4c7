"""ballast sweep, from outside: units, resuming, merging, Dask."""

import csv
import json
import os
import re
import signal
import subprocess
import time
import venv

import pytest

from ballast_runs import BALLAST, PROJECT, ballast

SWEPT = """\
ballast: 1
name: swept
duration: HOURS
control: {interval: 5m}
clusters:
  - name: prod
    hosts: [{name: esx, count: 2, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]
vms:
  - {name: web, count: 10, vcpus: 2, memory: 4GiB, workload: {cpu: {random: {distribution: uniform, mean: 40%, sd: 20%}}}}
expect:
  - {metric: cpu_ready_pct_per_vcpu, of: {vms: "*"}, statistic: p95, at_most: 5}
sweep:
  vms.web.count: [10, 20, 30]
  clusters.prod.hosts.esx.count: [2, 3]
  seed: [1, 2]
"""
FILES = ["results.csv", "sweep.json", "sweep.html"]


@pytest.fixture
def swept(tmp_path):
    path = tmp_path / "swept.yaml"
    path.write_text(SWEPT.replace("HOURS", "1h"))
    return path


def content(directory):
    return [(directory / file).read_bytes() for file in FILES]


def test_any_number_of_workers_gives_the_same_bytes(swept, tmp_path):
    for name, workers in [("one", "1"), ("three", "3")]:
        done = ballast("sweep", "run", swept, "--out", tmp_path / name, "--workers", workers, "--quiet")
        assert done.returncode == 0
    assert content(tmp_path / "one") == content(tmp_path / "three")
    rows = list(csv.DictReader((tmp_path / "one" / "results.csv").open()))
    assert [row["unit"] for row in rows] == [str(number) for number in range(12)]
    assert [row["seed"] for row in rows][:3] == ["1", "2", "1"]
    page = (tmp_path / "one" / "sweep.html").read_text()
    assert "Curves" in page and "Where it holds" in page and "Frontier" in page and "://" not in page


def test_units_by_hand_in_any_order_and_twice(swept, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert ballast("sweep", "run", swept, "--out", whole, "--quiet").returncode == 0
    ids = ballast("sweep", "plan", swept, "--out", parts, "--ids").stdout.split()
    assert len(ids) == 12
    missing = ballast("sweep", "merge", swept, "--out", parts)
    assert missing.returncode == 1 and f"12 of 12 units are missing, the first is {ids[0]}" in missing.stderr
    for unit in [*reversed(ids), ids[3]]:
        assert ballast("sweep", "unit", swept, "--out", parts, "--id", unit).returncode == 0
    assert ballast("sweep", "plan", swept, "--out", parts, "--ids").stdout == ""
    assert ballast("sweep", "merge", swept, "--out", parts, "--quiet").returncode == 0
    assert content(whole) == content(parts)


def test_a_damaged_unit_is_missing_and_the_pipeline_of_ids_mends_it(swept, tmp_path):
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    for directory in [whole, damaged]:
        assert ballast("sweep", "run", swept, "--out", directory, "--quiet").returncode == 0
    broken = sorted(damaged.glob("units/*/unit.json"))[:3]
    broken[0].write_text("{")
    broken[1].write_bytes(broken[1].read_bytes()[:100])
    broken[2].unlink()
    names = {path.parent.name for path in broken}
    assert "12 units of swept, 3 to run" in ballast("sweep", "plan", swept, "--out", damaged).stdout
    ids = ballast("sweep", "plan", swept, "--out", damaged, "--ids").stdout.split()
    assert set(ids) == names
    merged = ballast("sweep", "merge", swept, "--out", damaged)
    assert merged.returncode == 1 and "3 of 12 units are missing" in merged.stderr
    for unit in ids:
        assert ballast("sweep", "unit", swept, "--out", damaged, "--id", unit).returncode == 0
    assert ballast("sweep", "merge", swept, "--out", damaged, "--quiet").returncode == 0
    assert content(whole) == content(damaged)
    assert sorted(path.name for path in (damaged / "units").iterdir()) == sorted(
        path.name for path in (whole / "units").iterdir())


def test_units_without_a_result_are_on_the_page_with_their_reason(tmp_path):
    """One host of which one is kept makes no scenario: no value at 1, and why."""
    text = SWEPT[:SWEPT.index("sweep:")].replace("HOURS", "1h")
    text += "policies: {admission: strict, failover: {policy: percentage, tolerate: 1}}\n"
    text += "sweep: {clusters.prod.hosts.esx.count: [1, 2, 4], hypervisor: [esxi, kvm], seed: [1, 2]}\n"
    path = tmp_path / "failing.yaml"
    path.write_text(text)
    done = ballast("sweep", "run", path, "--out", tmp_path / "out", "--quiet")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "sweep.html").read_text()
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").open()))
    assert [bool(row["error"]) for row in rows] == [True] * 4 + [False] * 8
    reasons = re.findall(r"<tr><td>([^<]*)</td><td class=\"num\">(\d+)</td><td>([^<]*)</td></tr>", page)
    assert [(reason, units, first) for reason, units, first in reasons] == [
        (rows[0]["error"], "4", "clusters.prod.hosts.esx.count 1, hypervisor esxi, seed 1")]
    # Labels 1, 2, 4 of the axis lie within the picture of 560.
    places = {float(x) for x in re.findall(r'class="x" x="([-\d.]+)"', page)}
    assert places and min(places) == 46 and max(places) <= 540
    # Nothing is said to hold or not to hold where nothing ran.
    assert '<td class="num">–</td>' in page


def test_a_killed_sweep_goes_on(tmp_path):
    path = tmp_path / "swept.yaml"
    path.write_text(SWEPT.replace("HOURS", "2d"))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = subprocess.Popen([BALLAST, "sweep", "run", path, "--out", killed, "--quiet"])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(killed.glob("units/*/unit.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert ballast("sweep", "run", path, "--out", killed, "--quiet").returncode == 0
    assert not list(killed.glob("units/*.partial"))
    assert ballast("sweep", "run", path, "--out", whole, "--quiet").returncode == 0
    assert content(whole) == content(killed)


def test_a_billion_units_are_refused(swept):
    values = "[" + ",".join(str(number) for number in range(1, 1001)) + "]"
    swept.write_text(
        swept.read_text().split("sweep:")[0]
        + f"sweep: {{vms.web.count: {values}, clusters.prod.hosts.esx.count: {values}, seed: {values}}}\n")
    done = ballast("sweep", "plan", swept)
    assert done.returncode == 65
    assert "1000000000 units" in done.stderr


def test_a_scenario_without_a_sweep_says_so(small):
    done = ballast("sweep", "run", small)
    assert done.returncode == 65
    assert "has no sweep" in done.stderr


def test_sweeps_compare_by_repetition(swept, tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    assert ballast("sweep", "run", swept, "--out", a, "--quiet").returncode == 0
    more = ["--set", "assume.cpu_demand=110%"]
    assert ballast("sweep", "run", swept, *more, "--out", b, "--quiet").returncode == 0
    done = ballast("compare", a, b)
    assert done.returncode == 0
    assert "cpu_used_pct of point 10, 2" in ballast("compare", a, b, "--lines", "1000").stdout


@pytest.fixture(scope="session")
def dask(tmp_path_factory):
    """A Python with the driver and Dask; skipped where it cannot be made."""
    folder = tmp_path_factory.mktemp("dask")
    python = folder / "bin" / "python"
    try:
        venv.create(folder, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PROJECT / "python"],
            check=True, capture_output=True, text=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as failure:
        pytest.skip(f"no Python with Dask: {getattr(failure, 'stderr', None) or failure}")
    return python


def test_dask_survives_a_worker(dask, tmp_path):
    path = tmp_path / "swept.yaml"
    path.write_text(SWEPT.replace("HOURS", "12h"))
    here, there = tmp_path / "here", tmp_path / "there"
    assert ballast("sweep", "run", path, "--out", here, "--quiet").returncode == 0

    def start(*words):
        return subprocess.Popen([dask, "-m", "distributed.cli." + words[0], *words[1:]],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)

    where = tmp_path / "scheduler.json"
    scheduler = start("dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", where)
    workers = [
        start("dask_worker", "--scheduler-file", where, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 60
        while not where.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(where.read_text())["address"]
        sweep = subprocess.Popen(
            [BALLAST, "sweep", "run", path, "--out", there, "--engine", "dask", "--scheduler", address, "--quiet"],
            env=os.environ | {"BALLAST_PYTHON": str(dask)}, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while not list(there.glob("units/*/unit.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers[0].kill()
        _, errors = sweep.communicate(timeout=300)
        assert sweep.returncode == 0, errors
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()
    assert content(here) == content(there)


def test_dask_that_is_not_there_is_69(swept, tmp_path):
    done = subprocess.run(
        [BALLAST, "sweep", "run", swept, "--out", tmp_path / "out", "--engine", "dask", "--scheduler",
         "tcp://127.0.0.1:1"],
        env=os.environ | {"BALLAST_PYTHON": "no-such-python"}, capture_output=True, text=True)
    assert done.returncode == 69
