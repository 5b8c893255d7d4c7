"""The host commands as far as they go without a host: bad addresses and policies, replay, and libvirt's built-in test driver."""

import ctypes.util
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from ballast_runs import BALLAST, FIXTURES, PROJECT, ballast, write

STEPS = FIXTURES / "host/steps.jsonl"
HAS_LIBVIRT = ctypes.util.find_library("virt") is not None
needs_libvirt = pytest.mark.skipif(not HAS_LIBVIRT, reason="no libvirt client library")
TEST = ["--connect", "test:///default"]

POLICY = """\
ballast: 1
domains:
  managed: [test]
"""


@pytest.fixture
def policy(tmp_path):
    return write(tmp_path / "policy.yaml", POLICY)


# MARK: Without a host


def test_a_shipped_record_is_decided_again_byte_for_byte():
    done = ballast("host", "replay", STEPS)
    assert done.returncode == 0, done.stderr
    steps = sum('"step":{' in line for line in STEPS.read_text().splitlines())
    assert f"{steps} plans are the same, byte for byte; 0 differ" in done.stdout
    answer = json.loads(ballast("host", "replay", STEPS, "--json").stdout)
    assert answer["schema_version"] == 1
    assert (answer["steps"], answer["same"], answer["different"]) == (steps, steps, 0)


def test_another_policy_shows_what_it_would_have_asked(tmp_path):
    other = write(tmp_path / "other.yaml", "ballast: 1\ndomains: {settings: [{name: m1, cpu: {limit: 500MHz}}]}\n")
    done = ballast("host", "replay", STEPS, "--policy", other, "--json")
    assert done.returncode == 0
    differences = json.loads(done.stdout)["differences"]
    limits = [d for d in differences if d["domain"] == "m1" and d["setting"] == "cpuLimit"]
    assert limits and all(d["replayed"] == 500_000 for d in limits)


def test_a_changed_record_is_found_out(tmp_path):
    lines = STEPS.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        match = re.search(r'"cpuWeight":\[(\d+)', line)
        if match:
            lines[number] = line.replace(match.group(0), f'"cpuWeight":[{int(match.group(1)) + 1}', 1)
            break
    done = ballast("host", "replay", write(tmp_path / "steps.jsonl", "".join(lines)))
    assert done.returncode == 1
    assert "1 differ" in done.stdout and "cpuWeight" in done.stdout


def test_a_record_cut_off_by_a_kill_is_replayed_up_to_there(tmp_path):
    done = ballast("host", "replay", write(tmp_path / "steps.jsonl", STEPS.read_text()[:-30]))
    assert done.returncode == 0
    assert "ends in the middle of a step" in done.stderr


@pytest.mark.parametrize(
    "text, words",
    [("", "no record of steps"), ("hello\n", "no record of steps"), ("{}\n", "does not begin with its header")],
)
def test_what_is_no_record_is_said_to_be_none(tmp_path, text, words):
    done = ballast("host", "replay", write(tmp_path / "x.jsonl", text))
    assert done.returncode == 65
    assert words in done.stderr and "line 1" in done.stderr
    assert done.stdout == ""


def test_a_missing_record_or_policy_is_66(tmp_path):
    assert ballast("host", "replay", tmp_path / "none").returncode == 66
    for command in ["plan", "apply", "manage"]:
        done = ballast("host", command, "--policy", tmp_path / "none")
        assert done.returncode == 66
        assert "No such file or directory" in done.stderr


@pytest.mark.parametrize(
    "text, words",
    [
        ("ballast: 1\ndomains: {manged: [a]}\n", [":2:11: error: ", "managed"]),
        ('ballast: 1\ndomains: {managed: ["*"]}\n', [":2:21: error: ", "every domain of the host"]),
        ("ballast: 1\nsafety: {headroom: 64}\n", [":2:20: error: headroom: 64 has no unit", "GiB"]),
        ("ballast: 1\nsafety: {step_down: 99%}\n", ["1% to 50%"]),
        ("ballast: 1\npolicies: {reclamation: {policy: momm}}\n", ["momm", "mom"]),
        ("ballast: 1\ncontrol: {interval: 0s}\n", ["control.interval"]),
        ("ballast: 1\nimport: x.yaml\n", [":2:1: error: ", "import"]),
        ("ballast: 2\n", [":1:10: error: "]),
        ("{", ["error: "]),
        ("", ["empty"]),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply", "manage"])
def test_bad_policies_say_where_and_how(tmp_path, command, text, words):
    done = ballast("host", command, "--policy", write(tmp_path / "p.yaml", text))
    assert done.returncode == 65, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["plan", "--policy", "x", "--interval", "5"],
        ["observe", "--interval", "-1s"],
        ["manage", "--policy", "x", "--count", "0"],
        ["manage", "--policy", "x", "--interval", "1ms"],
        ["frobnicate"],
        ["replay"],
    ],
    ids=" ".join,
)
def test_usage_errors(arguments):
    done = ballast("host", *arguments)
    assert done.returncode == 64
    assert done.stdout == ""


def test_the_sample_policy_is_valid():
    # A record without steps, decided by the sample: it is read, and there is nothing to decide.
    done = ballast("host", "replay", STEPS, "--policy", PROJECT / "services/policy.yaml")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_the_unit_is_well_formed(tmp_path):
    unit = (PROJECT / "services/ballast-host.service").read_text()
    path = tmp_path / "ballast-host.service"
    # The command and its man page are where the package puts them, which is not here.
    path.write_text(unit.replace("/usr/bin/ballast", "/bin/true").replace("Documentation=man:ballast(1)\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "ballast-host" in line]
    assert said == []


# MARK: Wrong addresses


def test_without_libvirt_it_says_so(tmp_path, policy):
    done = ballast("host", "observe", "--connect", "foo:///bar")
    assert done.returncode == 69
    assert "foo:///bar" in done.stderr if HAS_LIBVIRT else "libvirt" in done.stderr
    assert done.stdout == ""


@needs_libvirt
@pytest.mark.parametrize("command", ["plan", "manage", "apply"])
def test_an_address_that_nobody_answers_changes_nothing(tmp_path, policy, command):
    extra = [] if command == "plan" else ["--state-dir", tmp_path / "state"]
    address = f"qemu+unix:///system?socket={tmp_path}/none"
    done = ballast("host", command, "--policy", policy, "--connect", address, *extra)
    assert done.returncode == 69
    assert "cannot be opened" in done.stderr
    assert not (tmp_path / "state/originals.json").exists()


# MARK: libvirt's own test driver


@needs_libvirt
def test_the_test_driver_is_observed():
    done = ballast("host", "observe", "--interval", "0s", *TEST)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^test +running +no +2 ", done.stdout, re.MULTILINE)
    snapshot = json.loads(ballast("host", "observe", "--json", *TEST).stdout)
    assert snapshot["schema_version"] == 1
    assert [d["name"] for d in snapshot["snapshot"]["domains"]] == ["test"]


@needs_libvirt
def test_a_plan_names_what_is_gone(tmp_path):
    file = write(tmp_path / "p.yaml", "ballast: 1\ndomains: {managed: [test, lost, web-*]}\n")
    done = ballast("host", "plan", "--policy", file, "--interval", "0s", *TEST)
    assert done.returncode == 0, done.stderr
    assert "no running domain is called lost" in done.stdout
    assert "no running domain matches web-*" in done.stdout


@needs_libvirt
def test_nobody_is_managed_unless_named(tmp_path):
    done = ballast("host", "plan", "--policy", write(tmp_path / "p.yaml", "ballast: 1\n"), "--interval", "0s", *TEST)
    assert done.returncode == 0
    assert "no running domain is managed" in done.stdout


@needs_libvirt
def test_a_dry_run_records_steps_that_replay(tmp_path, policy):
    steps, metrics = tmp_path / "steps.jsonl", tmp_path / "ballast.prom"
    done = ballast(
        *["host", "manage", "--policy", policy, "--interval", "1s", "--count", "2"],
        *["--steps", steps, "--metrics", metrics, *TEST],
    )
    assert done.returncode == 0, done.stderr
    assert "dry run" in done.stderr and "managed: test" in done.stderr
    assert "ballast_up 1\n" in metrics.read_text()
    assert "ballast_steps_total 2\n" in metrics.read_text()
    assert ballast("host", "replay", steps).returncode == 0


@needs_libvirt
def test_another_plan_than_the_one_looked_at_is_not_applied(tmp_path, policy):
    done = ballast(
        *["host", "apply", "--policy", policy, "--plan", "0123456789ab", "--interval", "0s"],
        *["--state-dir", tmp_path / "state", *TEST],
    )
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr


@needs_libvirt
def test_a_state_folder_that_cannot_be_made_is_74(tmp_path, policy):
    write(tmp_path / "file", "")
    done = ballast("host", "apply", "--policy", policy, "--state-dir", tmp_path / "file/x", *TEST)
    assert done.returncode == 74


@needs_libvirt
def test_damaged_originals_stop_everything(tmp_path, policy):
    state = tmp_path / "state"
    state.mkdir()
    write(state / "originals.json", "{")
    for command in [["restore"], ["apply", "--policy", policy]]:
        done = ballast("host", *command, "--state-dir", state, *TEST)
        assert done.returncode == 65
        assert "originals.json is damaged" in done.stderr


@needs_libvirt
def test_nothing_to_restore(tmp_path):
    done = ballast("host", "restore", "--state-dir", tmp_path, *TEST)
    assert done.returncode == 0
    assert done.stdout == "nothing to restore\n"


@needs_libvirt
@pytest.mark.parametrize("second", ["restore", "apply", "manage"])
def test_two_controllers_with_a_state_folder_each_exclude_each_other(tmp_path, policy, second):
    """A socket that takes connections and never answers keeps the first one busy for its two seconds."""
    path = tmp_path / "libvirt"
    address = f"qemu+unix:///system?socket={path}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        first = subprocess.Popen(
            [BALLAST, "host", "manage", "--apply", "--policy", policy, "--connect", address, "--state-dir", tmp_path / "a"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            listener.settimeout(20)
            connection, _ = listener.accept()
            words = {"restore": [], "apply": ["--policy", policy], "manage": ["--apply", "--policy", policy]}[second]
            done = ballast("host", second, *words, "--connect", address, "--state-dir", tmp_path / "b")
        finally:
            first.kill()
            first.communicate()
            for place in ["/run/lock", "/tmp"]:
                for lock in pathlib.Path(place).glob("ballast-host-*.lock"):
                    if f"--state-dir {tmp_path}/" in lock.read_text():
                        lock.unlink()
    connection.close()
    assert done.returncode == 69, done.stderr
    assert f"another controller, process {first.pid} with --state-dir {tmp_path}/a, manages {address}" in done.stderr
    assert done.stdout == ""


@needs_libvirt
def test_a_full_listen_address_is_said(tmp_path, policy):
    done = ballast("host", "manage", "--policy", policy, "--listen", "nonsense", *TEST)
    assert done.returncode == 74
    assert "127.0.0.1:9177" in done.stderr
