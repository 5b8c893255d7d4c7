"""Memory under pressure as a user sees it: who is asked, who pays, and that what the rows say agrees."""

import pytest
import yaml

from ballast_runs import read_csv, read_run, run, write

PLAIN = {"host_reserve": "0B", "vm_overhead": "0B"}


def play(tmp_path, profile, memory, vms, *, duration="30m", control="20s", swap=None, policy=None, **hypervisor):
    """One host of 8 cores of 2 GHz; returns the rows of VMs, hosts and events, and run.json."""
    host = {"name": "h", "cpu": {"cores": 8, "mhz": 2000}, "memory": memory}
    if swap:
        host["swap"] = swap
    scenario = {
        "ballast": 1, "name": "memory", "duration": duration, "interval": "20s", "control": {"interval": control},
        "hypervisor": {"profile": profile, **hypervisor}, "clusters": [{"name": "c", "hosts": [host]}], "vms": vms,
    }
    if policy:
        scenario["policies"] = {"reclamation": policy}
    path = write(tmp_path / "memory.yaml", yaml.safe_dump(scenario))
    run(path, tmp_path / "out", "--force", "--quiet")
    rows = [read_csv(tmp_path / "out", f"{name}.csv")[1] for name in ("vms", "hosts", "events")]
    return (*rows, read_run(tmp_path / "out"))


def column(rows, name, **where):
    return [float(row[name]) for row in rows if all(row[key] == value for key, value in where.items())]


def vm(name, size, cpu, active, touched, **keys):
    return {"name": name, "vcpus": 2, "memory": size,
            "workload": {"cpu": cpu, "memory": {"active": active, "touched": touched}}, **keys}


def test_a_guest_that_pages_has_nothing_to_spare(tmp_path):
    """Three guests use all of their 4 GiB, on 12 GiB. MoM takes 5 % of each, 204.8 MiB, which they page out; then they have
    nothing free, and MoM's rule leaves them what they use."""
    guests = [vm("g", "4GiB", "50%", "90%", "100%", count=3, memory_policy={"minimum": "1GiB"})]
    vms, _, _, _ = play(tmp_path, "kvm", "12GiB", guests, control="10s",
                        policy={"policy": "mom", "order": ["balloon"]}, **PLAIN)
    assert max(column(vms, "mem_balloon_mib")) <= 204.8
    assert max(column(vms, "slowdown_pct", time_s="1800.000")) < 1


def test_a_reserved_vm_is_not_stopped(tmp_path):
    """gold reserves all it has; two others swing between 10 and 80 % of theirs, and the host is in state low now and then.
    Pages that gold stops sharing must not stop it: nothing is asked of it."""
    swing = {"square": {"period": "10m", "duty": "50%", "high": "80%", "low": "10%"}}
    guests = [vm("gold", "4GiB", "40%", "60%", "90%", memory_policy={"reservation": "4GiB"}),
              vm("other", "4GiB", "40%", swing, "90%", count=2)]
    vms, hosts, _, _ = play(tmp_path, "esxi", "10GiB", guests, duration="2h", control="60s",
                            page_sharing="within_vm", **PLAIN)
    assert "low" in {row["mem_state"] for row in hosts}
    assert max(column(vms, "slowdown_pct", vm="gold")) < 1
    # Who is stopped for what it holds above its target goes on as soon as that is gone, not at the next control step.
    for name in ("other-0", "other-1"):
        assert max(column(vms, "slowdown_pct", vm=name)) < 80


@pytest.mark.parametrize("device", ["zram", "zswap", "ssd"])
def test_a_limit_on_any_device_costs_time_and_not_the_vm(tmp_path, device):
    """At a limit of 900 MiB a guest that uses 1024 pushes 124 out; the host has room for all of it."""
    steps = {"steps": {f"{minute}m": f"{50 + 10 * minute}%" for minute in range(6)}}
    guests = [vm("v", "1GiB", "48%", "20%", steps, memory_policy={"limit": "900MiB"})]
    vms, _, events, _ = play(tmp_path, "kvm", "4GiB", guests, swap={"device": device, "size": "4GiB"})
    assert "oom_kill" not in {row["event"] for row in events}
    last = vms[-1]
    assert last["state"] == "on" and 899 < float(last["mem_consumed_mib"]) <= 900.001


def test_demand_is_what_the_guest_would_use(tmp_path):
    """A guest wants 2 × 2000 MHz × 60 % = 2400 MHz all the time; what it loses beyond its limit is unmet demand,
    and no waiting for a CPU."""
    guests = [vm("v", "4GiB", "60%", "100%", "100%", memory_policy={"limit": "3GiB"})]
    vms, hosts, _, told = play(tmp_path, "esxi", "16GiB", guests)
    assert max(column(vms, "slowdown_pct")) > 20
    assert set(column(vms, "cpu_demand_mhz")) == {2400.0}
    assert set(column(hosts, "cpu_demand_mhz")) == {2400.0}
    for row in vms:
        lost = 2400 * float(row["slowdown_pct"]) / 100
        assert float(row["cpu_used_mhz"]) + lost == pytest.approx(2400, abs=0.1)
        assert float(row["cpu_ready_ms"]) == 0
    unmet = 100 * (1 - sum(column(vms, "cpu_used_mhz")) / (2400 * len(vms)))
    figures = {figure["name"]: figure["value"] for figure in told["summary"]}
    assert figures["cpu_unmet_pct"] == pytest.approx(unmet, abs=0.01)


@pytest.mark.parametrize("profile, keys", [
    ("esxi", {"large_pages": False}), ("kvm", {"scan": {"pages_to_scan": 1000}})])
def test_scanners_need_no_pressure(tmp_path, profile, keys):
    """Ten clones hold 1638.4 MiB each, 8 % of it zero and so much equal in all: of small pages a scanner saves nine in ten of
    the latter, on a host with memory to spare. ESXi is round once an hour, KSM with 1000 pages every 20 ms in 84 s."""
    guests = [vm("v", "2GiB", "10%", "20%", "80%", count=10, image="clone")]
    _, hosts, _, _ = play(tmp_path, profile, "32GiB", guests, duration="3h", page_sharing="between_vms", **keys)
    saved = float(hosts[-1]["mem_shared_saved_mib"])
    assert saved > 0.08 * 10 * 1638.4 * 0.8
    assert saved == pytest.approx(sum(float(hosts[-1][f"mem_saved_{kind}_mib"]) for kind in
                                      ("zero", "common", "duplicate")))


def test_who_waits_for_memory_is_not_short_of_cpu(tmp_path):
    """Cores for all, memory for two thirds: guests page while they grow, and all the CPU they ask for they get."""
    file = write(
        tmp_path / "growing.yaml",
        """
ballast: 1
duration: 1h
interval: 1m
control: {interval: 20s}
hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
clusters:
  - name: c
    hosts: [{name: h, cpu: {cores: 8, mhz: 2000}, memory: 16GiB, swap: {device: ssd, size: 40GiB}}]
vms:
  - {name: a, count: 3, vcpus: 2, memory: 6GiB, workload: {cpu: 50%, memory: {active: 30%, touched: 90%, ramp: 2m}}}
  - name: b
    vcpus: 2
    memory: 6GiB
    memory_policy: {balloon: {driver: missing}}
    workload: {cpu: 50%, memory: {active: 60%, touched: 90%, ramp: 20m}}
  - name: kept
    vcpus: 2
    memory: 4GiB
    memory_policy: {reservation: 2GiB, shares: high}
    workload: {cpu: 20%, memory: {active: 10%, touched: 100%, ramp: 5m}}
""")
    run(file, tmp_path / "run")
    _, rows = read_csv(tmp_path / "run", "vms.csv")
    short = [row for row in rows if float(row["cpu_used_mhz"]) < 0.98 * float(row["cpu_entitled_mhz"])]
    assert short and all(float(row["slowdown_pct"]) > 1 and float(row["cpu_ready_ms"]) == 0 for row in short)
    assert "less CPU than entitled" not in (tmp_path / "run/report.html").read_text()


def test_reads_and_writes_share_the_device(tmp_path):
    """Three guests work in 3277 MiB each, on 8 GiB with a device of 20 MiB/s: what comes in pushes as much out, so that 10 MiB/s
    go each way, and each guest gets its part."""
    swap = {"device": "ssd", "size": "40GiB", "latency": "100us", "bandwidth": "20MiB/s"}
    guests = [vm("x", "4GiB", "100%", "80%", "80%", count=3)]
    vms, hosts, _, _ = play(tmp_path, "kvm", "8GiB", guests, swap=swap, page_sharing="off", **PLAIN)
    read, written = (column(hosts, f"swap_{way}_mib_s") for way in ("in", "out"))
    assert max(a + b for a, b in zip(read, written)) < 20.01
    assert all(9.5 < rate < 10.5 for rate in read[20:] + written[20:])
    each = [sum(column(vms, "swap_in_mib_s", vm=f"x-{number}")) for number in range(3)]
    assert max(each) < 1.2 * min(each)
