"""What a host did is replayed in the simulator and compared."""

import json
import signal
import subprocess
import threading
import time

from lab import BALLAST, CPU, host, start_host, stop


def replay(recording, out):
    done = subprocess.run(
        [BALLAST, "run", recording / "scenario.yaml", "--out", out, "--quiet"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    # The command has no connection: it reads files.
    done = subprocess.run(
        [BALLAST, "host", "compare", recording, out, "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_recording_replays_within_3_points(guests, tmp_path):
    """30 s of two busy guests, weights changed in between, a quota, other use of the pCPU."""
    a, b = guests
    b.set(cpu_shares=2048)
    for guest in guests:
        guest.ask("burn", 1)
    # Somebody else on the same pCPU, a third of the time.
    other = subprocess.Popen(
        ["taskset", "-c", str(CPU), "sh", "-c",
         "while :; do timeout 0.5 sh -c 'while :; do :; done'; sleep 1; done"], start_new_session=True)

    def story():
        time.sleep(10)
        b.set(cpu_shares=512)
        time.sleep(10)
        a.set(vcpu_quota=30000)

    teller = threading.Thread(target=story)
    teller.start()
    try:
        host(
            "record", "--interval", "1s", "--settings-interval", "1s", "--duration", "30s", "--out", tmp_path / "rec",
            timeout=90)
    finally:
        teller.join()
        subprocess.run(["kill", "--", f"-{other.pid}"])
    compared = replay(tmp_path / "rec", tmp_path / "run")
    assert [vm["vm"] for vm in compared["vms"]] == [a.domain, b.domain]
    for vm in compared["vms"]:
        cpu = vm["cpu"]
        print(f"{vm['vm']}: measured {cpu['measured']:.2f}, simulated {cpu['simulated']:.2f}, p95 {cpu['p95']:.2f}")
        assert abs(cpu["simulated"] - cpu["measured"]) <= 3
    assert (tmp_path / "run/compare.html").stat().st_size > 10_000
    scenario = (tmp_path / "rec/scenario.yaml").read_text()
    assert "cores: 1," in scenario and "shares: 512" in scenario and "limit:" in scenario


def test_a_killed_recording_is_finished_later(guests, tmp_path):
    process = start_host("record", "--interval", "500ms", "--out", tmp_path / "rec", log=tmp_path / "log")
    time.sleep(5)
    stop(process, signal.SIGKILL)
    lines = (tmp_path / "rec/snapshots.jsonl").read_text().splitlines()
    assert len(lines) >= 6
    done = subprocess.run(
        [BALLAST, "host", "record", "--finish", tmp_path / "rec"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(replay(tmp_path / "rec", tmp_path / "run")["vms"]) == 2


def test_an_interrupted_recording_is_whole(guests, tmp_path):
    process = start_host("record", "--interval", "500ms", "--out", tmp_path / "rec", log=tmp_path / "log")
    time.sleep(4)
    assert stop(process, signal.SIGINT) == 0, (tmp_path / "log").read_text()
    assert (tmp_path / "rec/scenario.yaml").exists()


def test_a_guest_that_leaves_and_one_that_comes(guests, tmp_path):
    """Destroyed after 4 s and started again: off in between, on again as an event."""
    a, b = guests
    process = start_host("record", "--interval", "1s", "--duration", "20s", "--out", tmp_path / "rec", log=tmp_path / "log")
    time.sleep(4)
    b.destroy()
    time.sleep(3)
    b.start()
    assert process.wait(60) == 0, (tmp_path / "log").read_text()
    scenario = (tmp_path / "rec/scenario.yaml").read_text()
    assert f'power: {{vm: "{b.domain}", state: off}}' in scenario
    assert f'power: {{vm: "{b.domain}", state: on}}' in scenario
    replay(tmp_path / "rec", tmp_path / "run")
    assert "restart" in (tmp_path / "log").read_text()


def test_recording_changes_nothing(guests, tmp_path):
    before = [guest.settings() for guest in guests]
    host("record", "--interval", "500ms", "--duration", "2s", "--out", tmp_path / "rec")
    assert [guest.settings() for guest in guests] == before
