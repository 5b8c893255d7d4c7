"""The lab as the tests use it: guests, virsh, the command, and what is measured of them."""

import json
import os
import pathlib
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
BALLAST = os.environ.get("BALLAST", str(PROJECT / ".build/debug/ballast"))
DIR = pathlib.Path(os.environ.get("LAB_DIR", "/var/tmp/ballast-lab-tests"))
KSM = pathlib.Path("/sys/kernel/mm/ksm")
# The pCPU on which all guests compete: the last, which has least of the machine's own work.
CPU = os.cpu_count() - 1


def lab(*arguments, check=True, timeout=120):
    done = subprocess.run(
        [str(HERE / "lab.sh"), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "LAB_DIR": str(DIR)})
    assert not check or done.returncode == 0, f"lab.sh {arguments}: {done.stdout}{done.stderr}"
    return done


URI = lab("uri").stdout.strip()


def virsh(*arguments, check=True, timeout=60):
    done = subprocess.run(
        ["virsh", "-q", "-c", URI, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    if check and done.returncode:
        raise AssertionError(f"virsh {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def host(*arguments, code=0, timeout=120, where=("--connect", URI)):
    """`ballast host …` against the lab's libvirt, or where else."""
    done = subprocess.run(
        [BALLAST, "host", arguments[0], *map(str, where), *map(str, arguments[1:])],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout)
    assert code is None or done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def start_host(*arguments, log):
    """The same in the background, its words in a file."""
    with open(log, "w") as file:
        return subprocess.Popen(
            [BALLAST, "host", arguments[0], "--connect", URI, *map(str, arguments[1:])],
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)


def stop(process, how=signal.SIGTERM, timeout=60):
    process.send_signal(how)
    return process.wait(timeout)


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Guest:
    def __init__(self, name, mib=256, vcpus=1):
        self.name, self.mib, self.vcpus = name, mib, vcpus
        self.domain = f"lab-{name}"

    def start(self):
        lab("guest", self.name, self.mib, self.vcpus, CPU)
        return self

    def ask(self, *words):
        return lab("ask", self.name, *words).stdout.strip()

    def destroy(self):
        virsh("destroy", self.domain, check=False)

    def settings(self):
        lines = virsh("schedinfo", self.domain, "--live").splitlines()
        pairs = (line.split(":") for line in lines if ":" in line)
        return {key.strip(): int(value) for key, value in pairs if value.strip().lstrip("-").isdigit()}

    def set(self, **settings):
        virsh("schedinfo", self.domain, "--live", *(f"{key}={value}" for key, value in settings.items()))

    def reset(self):
        """As it was started: weight 1024, no quota, its whole memory, idle, nothing held."""
        self.set(cpu_shares=1024, vcpu_quota=-1, global_quota=-1)
        virsh("setmem", self.domain, f"{self.mib}M")
        self.ask("reset")
        # A balloon on its way up would be mistaken for one on its way down.
        wait_for(lambda: self.memory()["actual"] >= self.mib - 1, 20, f"{self.domain} has its memory")

    def memory(self):
        """MiB by the names of `virsh dommemstat`."""
        pairs = (line.split() for line in virsh("dommemstat", self.domain).splitlines())
        return {key: int(value) / 1024 for key, value in pairs}

    def cpu_time(self):
        """Seconds that its vCPUs ran."""
        lines = virsh("domstats", self.domain, "--vcpu", "--nowait").splitlines()
        times = [line.split("=")[1] for line in lines if line.strip().startswith("vcpu.") and ".time=" in line]
        return sum(map(int, times)) / 1e9

    def pid(self):
        return int((DIR / f"run/qemu/{self.domain}.pid").read_text())


def delivered(guests, seconds=8):
    """Points of a pCPU that each got meanwhile."""
    time.sleep(1)
    before, start = [guest.cpu_time() for guest in guests], time.monotonic()
    time.sleep(seconds)
    after, length = [guest.cpu_time() for guest in guests], time.monotonic() - start
    return [(b - a) / length for a, b in zip(before, after)]


def split(guests, seconds=8):
    """The part of each of what they got together."""
    got = delivered(guests, seconds)
    return [part / sum(got) for part in got]


def policy(path, guests, settings="", extra=""):
    """A policy file for guests; `settings` are lines of the list domains.settings."""
    names = ", ".join(guest.domain for guest in guests)
    lines = "".join(f"    - {line}\n" for line in settings.strip().splitlines())
    path.write_text(
        f"ballast: 1\ncontrol: {{interval: 1s}}\n{extra}"
        f"domains:\n  managed: [{names}]\n" + (f"  settings:\n{lines}" if lines else ""))
    return path


def audit(state):
    """The audit log, entry by entry."""
    files = sorted(pathlib.Path(state).glob("audit*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]
