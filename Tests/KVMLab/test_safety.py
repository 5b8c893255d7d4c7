"""Whatever happens to the controller, the daemon or a guest: the host is as it was, or can be put back."""

import os
import signal
import time

from lab import DIR, audit, host, lab, policy, start_host, stop, wait_for


def weights(guests):
    return [guest.settings()["cpu_shares"] for guest in guests]


def one_to_two(path, guests):
    a, b = guests
    return policy(
        path, guests,
        f"{{name: {a.domain}, cpu: {{shares: 1024}}}}\n{{name: {b.domain}, cpu: {{shares: 2048}}}}")


def is_one_to_two(guests):
    a, b = weights(guests)
    return abs(b / a - 2) < 0.02


def managing(guests, tmp_path, name="manage.log"):
    """`host manage --apply` that has changed something."""
    guests[0].set(cpu_shares=500)
    process = start_host(
        "manage", "--policy", one_to_two(tmp_path / "policy.yaml", guests), "--apply", "--interval", "1s",
        "--state-dir", tmp_path / "state", log=tmp_path / name)
    wait_for(lambda: is_one_to_two(guests), 20, "the weights are written")
    return process


def test_a_plan_changes_nothing(guests, tmp_path):
    guests[0].set(cpu_shares=500)
    before = [guest.settings() for guest in guests]
    done = host("plan", "--policy", one_to_two(tmp_path / "policy.yaml", guests), "--interval", "1s")
    assert "plan " in done.stdout and guests[0].domain in done.stdout
    assert [guest.settings() for guest in guests] == before


def test_plan_apply_read_back_and_sigterm_restores(guests, tmp_path):
    before = [500, 1024]
    process = managing(guests, tmp_path)
    entries = audit(tmp_path / "state")
    assert entries and all(entry.get("result") == "done" for entry in entries), entries
    assert stop(process) == 0, (tmp_path / "manage.log").read_text()
    assert weights(guests) == before
    assert not (tmp_path / "state/originals.json").exists()


def test_after_kill_9_restore_puts_everything_back(guests, tmp_path):
    process = managing(guests, tmp_path)
    stop(process, signal.SIGKILL)
    assert is_one_to_two(guests)
    host("restore", "--state-dir", tmp_path / "state")
    assert weights(guests) == [500, 1024]


def test_a_second_controller_is_refused(guests, tmp_path):
    process = managing(guests, tmp_path)
    done = host(
        "apply", "--policy", tmp_path / "policy.yaml", "--state-dir", tmp_path / "state", "--interval", "0s", code=None)
    assert done.returncode == 69 and str(process.pid) in done.stderr, done.stderr
    assert stop(process) == 0


def test_the_daemon_killed_and_back(guests, tmp_path):
    """Guests keep their settings; the manager waits, goes on when the daemon is back, and restores at its end."""
    process = managing(guests, tmp_path)
    log = tmp_path / "manage.log"
    os.kill(int((DIR / "run/lab.pid").read_text()), signal.SIGKILL)
    wait_for(lambda: "cannot be managed" in log.read_text(), 20, "the manager says that the host is gone")
    assert process.poll() is None
    lab("daemon", timeout=120)
    assert is_one_to_two(guests)
    wait_for(lambda: "answers again" in log.read_text(), 60, "the manager goes on")
    assert stop(process) == 0, log.read_text()
    assert weights(guests) == [500, 1024]


def test_a_guest_destroyed_meanwhile_is_no_failure(guests, tmp_path):
    a, b = guests
    process = managing(guests, tmp_path)
    b.destroy()
    time.sleep(3)
    assert process.poll() is None, (tmp_path / "manage.log").read_text()
    assert stop(process) == 0, (tmp_path / "manage.log").read_text()
    assert a.settings()["cpu_shares"] == 500


def test_a_stopped_guest_delays_nobody(guests, tmp_path):
    """QEMU of one guest is stopped: the other is still managed every second."""
    a, b = guests
    process = managing(guests, tmp_path)
    metrics = tmp_path / "steps.jsonl"
    stop(process)
    b_pid = b.pid()
    os.kill(b_pid, signal.SIGSTOP)
    try:
        a.set(cpu_shares=700)
        start = time.monotonic()
        process = start_host(
            "manage", "--policy", tmp_path / "policy.yaml", "--apply", "--interval", "1s", "--steps", metrics,
            "--state-dir", tmp_path / "second", log=tmp_path / "second.log")
        wait_for(lambda: a.settings()["cpu_shares"] != 700, 30, "the other guest is managed")
        took = time.monotonic() - start
        lines = len(metrics.read_text().splitlines())
        time.sleep(6)
        steps = len(metrics.read_text().splitlines()) - lines
        print(f"first change after {took:.1f} s, then {steps} steps in 6 s")
        assert steps >= 4
    finally:
        os.kill(b_pid, signal.SIGCONT)
    assert stop(process) == 0, (tmp_path / "second.log").read_text()


def test_a_dry_run_changes_nothing(guests, tmp_path):
    guests[0].set(cpu_shares=500)
    done = host(
        "manage", "--policy", one_to_two(tmp_path / "policy.yaml", guests), "--interval", "1s", "--count", "2")
    assert "would set" in done.stdout
    assert weights(guests) == [500, 1024]


def test_what_somebody_else_set_is_left_and_can_be_forced(guests, tmp_path):
    """Weight 900 before, another written, then 333 by somebody: SIGTERM leaves 333, and `restore --force` finds 900."""
    a, _ = guests
    a.set(cpu_shares=900)
    state = ("--state-dir", tmp_path / "state")
    file = policy(tmp_path / "policy.yaml", [a], f"{{name: {a.domain}, cpu: {{shares: 2048}}}}")
    log = tmp_path / "manage.log"
    manage = start_host("manage", "--policy", file, "--apply", "--interval", "1s", *state, log=log)
    wait_for(lambda: a.settings()["cpu_shares"] != 900, 20, "the weight is written")
    refused = host("restore", "--state-dir", tmp_path / "other", code=69)
    assert f"process {manage.pid} " in refused.stderr
    a.set(cpu_shares=333)
    assert stop(manage) == 1, log.read_text()
    assert "restore --force" in log.read_text()
    assert a.settings()["cpu_shares"] == 333
    assert host("restore", *state, code=1).stdout.startswith("left: ")
    host("restore", "--force", *state)
    assert a.settings()["cpu_shares"] == 900
    assert host("restore", *state).stdout == "nothing to restore\n"
