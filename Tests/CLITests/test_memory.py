"""Whole runs in which memory passes from one VM to others, and what is said of it."""

import json

import pytest

from ballast_runs import ballast, read_csv, run, write


def scenario(profile, memory, vms, duration="40m", pools="", policies="", swap=""):
    return f"""\
ballast: 1
name: memory
duration: {duration}
interval: 20s
hypervisor: {{profile: {profile}, host_reserve: 0B, vm_overhead: 0B, page_sharing: off}}
clusters:
  - name: lab
    hosts: [{{name: h, cpu: {{cores: 8, mhz: 2000}}, memory: {memory}{swap}}}]
{pools}
{policies}
vms:
{vms}
"""


def vm_rows(directory, vm):
    return {float(row["time_s"]): row for row in read_csv(directory, "vms.csv")[1] if row["vm"] == vm}


def consumed(directory, vm, seconds):
    return float(vm_rows(directory, vm)[seconds]["mem_consumed_mib"])


def explained(directory, vm, at):
    done = ballast("explain", directory, "--vm", vm, "--at", at, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["explanation"]


def told(directory, vm, at):
    done = ballast("explain", directory, "--vm", vm, "--at", at)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Both touch 3686 of 4096 MiB; of 7 GiB 20 % stay free, so one of them can hold all of it. At 20m they change roles.
ROLES = """\
  - {name: a, vcpus: 1, memory: 4GiB, workload: {cpu: 50%, memory: {active: {steps: {0s: 80%, 20m: 10%}}, touched: 90%}}}
  - {name: b, vcpus: 1, memory: 4GiB, workload: {cpu: 50%, memory: {active: {steps: {0s: 10%, 20m: 80%}}, touched: 90%}}}"""
SHARE = "policies: {reclamation: {policy: proportional-share, idle_tax: 75%, order: [balloon, swap]}}"


def test_on_kvm_memory_follows_activity(tmp_path):
    """7168 MiB less 20 % are 5734.4: 3686.4 for the active one, 2048 for the idle one, whoever that is."""
    file = write(tmp_path / "roles.yaml", scenario("kvm", "7GiB", ROLES, duration="50m", policies=SHARE))
    run(file, tmp_path / "run", "--quiet")
    for seconds, active, idle in [(1180.0, "a", "b"), (3000.0, "b", "a")]:
        assert consumed(tmp_path / "run", active, seconds) == pytest.approx(3686.4, abs=60)
        assert consumed(tmp_path / "run", idle, seconds) == pytest.approx(2048, abs=60)
        assert float(vm_rows(tmp_path / "run", active)[seconds]["slowdown_pct"]) < 2


STARTS = """\
  - {name: d, count: 2, vcpus: 1, memory: 5GiB, memory_policy: {minimum: 512MiB},
     workload: {cpu: 20%, memory: {active: 10%, touched: 85%, page_cache: 80%}}}
  - {name: new, vcpus: 1, memory: 4GiB, start: 10m, workload: {cpu: 20%, memory: {active: 20%, touched: 20%}}}"""


@pytest.mark.parametrize("profile, policy", [("hyperv", "hyperv-dynamic-memory"), ("xen", "squeezed")])
def test_who_starts_gets_its_memory(tmp_path, profile, policy):
    """10,240 MiB are full when 4096 start: the two that can shrink go to (10,240 - 4096) / 2 = 3072 each."""
    file = write(tmp_path / "start.yaml", scenario(
        profile, "10GiB", STARTS, policies=f"policies: {{reclamation: {{policy: {policy}}}}}"))
    run(file, tmp_path / "run", "--quiet")
    directory = tmp_path / "run"
    assert [consumed(directory, vm, 700.0) for vm in ("d-0", "d-1", "new")] == [3072, 3072, 4096]
    assert float(vm_rows(directory, "new")[700.0]["slowdown_pct"]) == 0
    waiting = told(directory, "new", "10m20s")
    assert "It stands still: it waits for " in waiting and "so it does not ask for CPU" in waiting
    assert "what holds it there is its part of what there is for all." in told(directory, "d-0", "11m")


POOL = """\
    pools: [{name: small, memory: {limit: 8GiB}}]"""
POOLED = """\
  - {name: p, count: 4, pool: small, vcpus: 1, memory: 4GiB,
     workload: {cpu: 50%, memory: {active: 30%, touched: 90%, page_cache: 50%}}}
  - {name: o, vcpus: 1, memory: 4GiB, workload: {cpu: 50%, memory: {active: 30%, touched: 90%}}}"""


def test_a_pool_is_kept_at_its_limit(tmp_path):
    """Four VMs touch 14,745.6 MiB and may hold 8192 on a host with 64 GiB; the one outside the pool loses nothing."""
    file = write(tmp_path / "pool.yaml", scenario("esxi", "64GiB", POOLED, pools=POOL))
    done = run(file, tmp_path / "run")
    assert "memory limit" not in done.stderr
    for seconds in (600.0, 1800.0):
        held = sum(consumed(tmp_path / "run", f"p-{vm}", seconds) for vm in range(4))
        # Activity is sampled, so that targets move: a balloon that lets go is ahead of one that takes.
        assert 0.95 * 8192 < held < 1.05 * 8192
        assert consumed(tmp_path / "run", "o", seconds) == 3686.4
    assert "the memory limit of its pool" in told(tmp_path / "run", "p-0", "20m")


def test_a_policy_without_pools_says_so(tmp_path):
    file = write(tmp_path / "pool.yaml", scenario("kvm", "64GiB", POOLED, pools=POOL))
    remark = "pool small: its memory limit counts for entitlements only; reclamation policy none takes nothing back for it"
    assert remark in run(file, tmp_path / "run").stderr
    validated = ballast("validate", file)
    assert validated.returncode == 0 and remark in validated.stderr


BUSY = """\
  - {name: a, count: 4, vcpus: 2, memory: 3GiB, workload: {cpu: 30%, memory: {active: 20%, touched: 90%}}}"""


@pytest.mark.parametrize("policies", ["", "policies: {reclamation: {idle_tax: 0%}}", SHARE])
def test_rows_and_explanations_agree(tmp_path, policies):
    """11 GiB are wanted of 8: what the row says is what is explained, by the tax or by shares of all that was touched."""
    file = write(tmp_path / "busy.yaml", scenario("esxi", "8GiB", BUSY, duration="20m", policies=policies))
    run(file, tmp_path / "run", "--quiet")
    for at, seconds in [("5m", 300.0), ("10m", 600.0), ("20m", 1200.0)]:
        answer = explained(tmp_path / "run", "a-0", at)
        row = vm_rows(tmp_path / "run", "a-0")[seconds]
        assert answer["granted"]["memory"] / 2**20 == pytest.approx(float(row["mem_entitled_mib"]), abs=0.001)
        assert ("memory" in answer) != ("taxed" in answer.get("memory_control", {}))
        if "memory" in answer:
            assert answer["memory"]["dynamic_entitlement"] == answer["granted"]["memory"]
            touched = sum(float(row[f"mem_{part}_mib"]) for part in ("consumed", "balloon", "swapped", "compressed"))
            assert answer["memory"]["observed_demand"] / 2**20 == pytest.approx(touched, abs=30)
        else:
            taxed = answer["memory_control"]["taxed"]
            assert taxed["floor"] <= answer["granted"]["memory"] <= taxed["cap"]


GROWS = """\
  - {name: v, count: 2, vcpus: 1, memory: 2GiB,
     workload: {cpu: 50%, memory: {active: 20%, touched: {steps: {0s: 40%, 5m: 90%}}}}}"""


def test_who_was_killed_is_told(tmp_path):
    """Two touch 1843 MiB each on 3 GiB without swap: one is killed, and the explanation says when and why."""
    file = write(tmp_path / "kill.yaml", scenario("kvm", "3GiB", GROWS, swap=", swap: {device: none}"))
    run(file, tmp_path / "run", "--quiet")
    kill, = [row for row in read_csv(tmp_path / "run", "events.csv")[1] if row["event"] == "oom_kill"]
    text = told(tmp_path / "run", kill["subject"], "25m")
    assert f"{kill['subject']} is off since 5m" in text
    assert "the kernel on h killed it, as memory was wanted and none could be found. It held " in text
    assert "down for" in text and "standing still" not in text


def test_a_stuck_balloon_is_told_once(tmp_path):
    """b cannot give more than it has unused. Its balloon stays where it is; that the host gives up and asks again every
    few minutes is no news."""
    text = scenario(
        "kvm", "3000MiB", """\
  - {name: a, vcpus: 1, memory: 2500MiB, workload: {cpu: 50%, memory: {active: 10%, touched: {steps: {0s: 40%, 10m: 90%}}}}}
  - name: b
    vcpus: 1
    memory: 2600MiB
    guest_swap: none
    memory_policy: {minimum: 100MiB}
    workload: {cpu: 50%, memory: {active: 10%, touched: {steps: {0s: 20%, 10m: 80%}}}}""",
        policies="policies: {reclamation: proxmox}")
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    stuck = [row for row in read_csv(tmp_path / "run", "events.csv")[1] if row["event"] == "balloon_stuck"]
    assert len(stuck) == 1
    since = float(stuck[0]["time_s"])
    sizes = {row["mem_balloon_mib"] for time, row in vm_rows(tmp_path / "run", "b").items() if time > since}
    assert len(sizes) == 1 and f"balloon_mib={sizes.pop()}" in stuck[0]["detail"]


@pytest.mark.parametrize(("policy", "knows"), [("proxmox", False), ("mom", True)])
def test_only_policies_with_states_are_explained_by_them(tmp_path, policy, knows):
    text = scenario(
        "kvm", "3000MiB", """\
  - {name: a, vcpus: 1, memory: 2500MiB, workload: {cpu: 50%, memory: {active: 10%, touched: 90%}}}
  - {name: b, vcpus: 1, memory: 2600MiB, workload: {cpu: 50%, memory: {active: 10%, touched: 80%}}}""",
        policies=f"policies: {{reclamation: {policy}}}")
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    told = ballast("explain", tmp_path / "run", "--vm", "a", "--at", "20m").stdout
    assert f"Policy {policy}: the host {'is in state' if knows else 'has'} " in told
    answer = json.loads(ballast("explain", tmp_path / "run", "--vm", "a", "--at", "20m", "--json").stdout)
    assert ("state" in answer["explanation"]["memory_control"]) == knows


@pytest.mark.parametrize(("switch", "isOn"), [("", False), (", ballooning: true", True)])
def test_ovirt_balloons_where_it_is_told_to(tmp_path, switch, isOn):
    """Three guests have touched 3000 of 4000 MiB each on 10,000 MiB, and use 1600 from 5m on: 10 % are free, and below 20 %
    vdsm takes from guests what they have free. But oVirt comes with ballooning off."""
    text = scenario(
        "kvm", "10000MiB", """\
  - {name: g, count: 3, vcpus: 1, memory: 4000MiB, memory_policy: {minimum: 1GiB},
     workload: {cpu: 20%, memory: {active: 10%, touched: {steps: {0s: 75%, 5m: 40%}}}}}""",
        policies=f"policies: {{reclamation: {{policy: mom-ovirt{switch}}}}}")
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    hosts = read_csv(tmp_path / "run", "hosts.csv")[1]
    balloons = [float(row["mem_balloon_mib"]) for row in hosts]
    assert (max(balloons) > 900) == isOn and (max(balloons) > 0) == isOn
    assert (float(hosts[-1]["mem_free_mib"]) >= 2000) == isOn


def test_nobody_counts_on_what_a_guest_cannot_give(tmp_path):
    """x may be brought down to 512 MiB of its 6144, but uses 5530 and pages nothing: 614 - 61 MiB can be had, and 2048 are free.
    y would wait for ever for the rest of its 4096: it is refused."""
    text = scenario(
        "hyperv", "8GiB", """\
  - {name: x, vcpus: 1, memory: 6GiB, guest_swap: none, memory_policy: {minimum: 512MiB},
     workload: {cpu: 50%, memory: {active: 20%, touched: 90%}}}
  - {name: y, vcpus: 1, memory: 4GiB, start: 5m, workload: {cpu: 50%, memory: {active: 20%, touched: 40%}}}""",
        duration="10m")
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    refused, = [row for row in read_csv(tmp_path / "run", "events.csv")[1] if row["event"] == "refused"]
    assert refused["subject"] == "y" and "needed_mib=4096.000 available_mib=2600.960" in refused["detail"]


def test_a_guest_at_its_limit_does_not_wait_for_more(tmp_path):
    """b's balloon gives no more than 205 of its 1024 MiB, and its limit is 700. Built with 700 it waits for nothing; started
    again while memory is short it must not let its balloon go for memory beyond its limit, and wait for that for ever."""
    text = scenario(
        "xen", "4GiB", """\
  - {name: a, vcpus: 1, memory: 2GiB, memory_policy: {minimum: 1GiB}, workload: {cpu: 10%, memory: {active: 10%, touched: 30%}}}
  - {name: c, vcpus: 1, memory: 2GiB, memory_policy: {minimum: 1GiB}, workload: {cpu: 10%, memory: {active: 10%, touched: 30%}}}
  - {name: b, vcpus: 1, memory: 1GiB, start: 5m, memory_policy: {limit: 700MiB, balloon: {resists_beyond: 20%}},
     workload: {cpu: 10%, memory: {active: 10%, touched: 30%}}}""",
        duration="10m", policies="policies: {reclamation: squeezed}")
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    last = vm_rows(tmp_path / "run", "b")[600.0]
    assert float(last["mem_waiting_mib"]) == 0 and float(last["slowdown_pct"]) < 1
    assert float(last["mem_consumed_mib"]) == 700
