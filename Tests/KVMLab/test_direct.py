"""Guests that no libvirt looks after: QEMU's own sockets and the kernel's control groups."""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from lab import CPU, DIR, Guest, delivered, host, policy, split, wait_for

PR_SET_PDEATHSIG = 1
UNIFIED = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()
GROUPS = pathlib.Path("/sys/fs/cgroup" if UNIFIED else "/sys/fs/cgroup/cpu") / "ballast-lab-direct"
WEIGHT, QUOTA = ("cpu.weight", "cpu.max") if UNIFIED else ("cpu.shares", "cpu.cfs_quota_us")


class DirectGuest(Guest):
    """A QEMU in a control group of its own, on the pCPU of all guests."""

    @property
    def group(self):
        return GROUPS / self.domain

    @property
    def socket(self):
        return DIR / f"{self.domain}.qmp"

    def start(self):
        self.group.mkdir(parents=True)
        if UNIFIED:
            (GROUPS / "cgroup.subtree_control").write_text("+cpu")
        console, command = DIR / f"{self.domain}.console", DIR / f"{self.domain}.command"
        console.unlink(missing_ok=True)

        def join():
            # It dies with the tests, whatever ends them.
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            (self.group / "cgroup.procs").write_text(str(os.getpid()))
            os.sched_setaffinity(0, {CPU})

        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-name", self.domain, "-machine", "pc,accel=tcg", "-m", str(self.mib), "-smp", "1",
             "-nodefaults", "-no-user-config", "-display", "none", "-kernel", DIR / "vmlinuz", "-initrd", DIR / "initrd",
             "-append", "console=ttyS0 quiet nokaslr panic=-1 mitigations=off no_timer_check",
             "-serial", f"file:{console}", "-serial", f"unix:{command},server=on,wait=off",
             "-qmp", f"unix:{self.socket},server=on,wait=off",
             "-device", "virtio-balloon-pci,id=balloon0,deflate-on-oom=on,free-page-reporting=on"],
            stdin=subprocess.DEVNULL, preexec_fn=join)
        wait_for(lambda: console.exists() and "lab: ready" in console.read_text(errors="replace"), 90,
                 f"{self.domain} is ready")
        return self

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)
        wait_for(lambda: not (self.group / "cgroup.procs").read_text(), 10, "the group is empty")
        self.group.rmdir()

    def knob(self, name):
        return (self.group / name).read_text().split()[0]

    def cpu_time(self):
        """Seconds that its threads ran."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


@pytest.fixture(scope="module")
def direct(the_lab):
    guests = [DirectGuest(name, mib=192) for name in ("x", "y")]
    try:
        yield [guest.start() for guest in guests]
    finally:
        for guest in guests:
            guest.stop()
        GROUPS.rmdir()


@pytest.fixture
def where(direct, tmp_path):
    lines = [f"  - {{name: {guest.domain}, socket: {guest.socket}, cpu_group: {guest.group}}}\n" for guest in direct]
    file = tmp_path / "guests.yaml"
    file.write_text("ballast: 1\ndomains:\n" + "".join(lines))
    return "--direct", file


def test_what_qemu_and_the_kernel_tell_is_observed(direct, where):
    def seen():
        snapshot = json.loads(host("observe", "--json", where=where).stdout)["snapshot"]
        return {domain["name"]: domain for domain in snapshot["domains"]}

    x, y = direct
    x.ask("burn", 1)
    before, times = seen(), [guest.cpu_time() for guest in direct]
    time.sleep(4)
    after, ran = seen(), [guest.cpu_time() - was for guest, was in zip(direct, times)]
    assert set(after) == {x.domain, y.domain}
    for domain in after.values():
        assert domain["answered"] and domain["vcpus"] == 1 and domain["memory_current"] == 192 << 20
        assert domain["rss"] > 0
    observed = [(after[guest.domain]["vcpu_time"] - before[guest.domain]["vcpu_time"]) / 1e9 for guest in direct]
    print(f"observed {observed}, ran {ran}")
    # How much of the pCPU there is to get, others on it decide; x is a vCPU and a few threads that hardly run.
    assert observed[0] == pytest.approx(ran[0], abs=0.2 + 0.1 * ran[0])
    assert observed[0] > 3 * observed[1]
    x.ask("reset")


def test_weights_and_quotas_are_set_and_put_back(direct, where, tmp_path):
    """1 : 4 of one pCPU, then 25 % of it for one; at the end everything is as it was."""
    x, y = direct
    for guest in direct:
        guest.ask("burn", 1)
    first = [(guest.knob(WEIGHT), guest.knob(QUOTA)) for guest in direct]
    state = "--state-dir", tmp_path / "state"
    file = policy(
        tmp_path / "weights.yaml", direct,
        f"{{name: {x.domain}, cpu: {{shares: 1024}}}}\n{{name: {y.domain}, cpu: {{shares: 4096}}}}")
    host("apply", "--policy", file, *state, "--interval", "1s", where=where)
    assert int(y.knob(WEIGHT)) / int(x.knob(WEIGHT)) == pytest.approx(4, rel=0.02)
    parts = split(direct)
    print(f"1 : 4 → {parts[0]:.3f} : {parts[1]:.3f}")
    assert parts[0] == pytest.approx(0.2, abs=0.03)
    file = policy(
        tmp_path / "quota.yaml", direct, f"{{name: {y.domain}, cpu: {{quota: 25ms, quota_period: 100ms}}}}")
    host("apply", "--policy", file, *state, "--interval", "1s", where=where)
    got = delivered(direct)
    print(f"quota 25 % → {got[1]:.3f}, {got[0]:.3f} for the other")
    # Others on the pCPU can only take from it.
    assert got[1] <= 0.28
    host("restore", *state, where=where)
    assert [(guest.knob(WEIGHT), guest.knob(QUOTA)) for guest in direct] == first
    for guest in direct:
        guest.ask("reset")
