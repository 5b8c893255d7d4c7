"""Rules and promises that cannot all be kept: refused before anything runs, with names and a remedy."""

import csv

import pytest

from ballast_runs import ballast, write

HEAD = """ballast: 1
duration: 1h
clusters:
  - name: prod
    hosts: [{name: esx, count: 2, cpu: {cores: 4, mhz: 2000}, memory: 64GiB}]
"""


def told(tmp_path, text):
    done = ballast("validate", write(tmp_path / "s.yaml", HEAD + text))
    assert done.returncode == 65, done.stdout + done.stderr
    return [line.split("error: ", 1)[1] for line in done.stderr.splitlines() if "error: " in line]


def web(keys, count=2):
    return f"vms: [{{name: web, count: {count}, vcpus: 2, memory: 8GiB, {keys}}}]\n"


@pytest.mark.parametrize("vms, message", [
    (web("affinity: [{apart: [web]}, {together: [web]}]"),
     "web-0, web-1 must be apart and, by another rule, together; drop one of the rules, or write rule: should"),
    (web("affinity: {apart: [web]}", count=3),
     "3 VMs must be apart, and only 2 of them find a host each; add hosts, or write rule: should"),
    (web("affinity: {hosts: [esx-0], not_hosts: [esx-0]}", count=1),
     "the rules leave web no host; allow a host, or write rule: should"),
    (web("host: esx-0, affinity: {not_hosts: [esx-0]}", count=1),
     "web starts on esx-0, which its rules forbid; change host: or the rule"),
    (web("host: esx-0, affinity: {apart: [web]}"),
     "host: puts web-0, web-1 where a rule does not let them be; change host: or the rule"),
])
def test_rules_that_contradict_each_other(tmp_path, vms, message):
    assert told(tmp_path, vms) == [message]


@pytest.mark.parametrize("vms", [
    web("affinity: [{apart: [web], rule: should}, {together: [web]}]"),
    web("affinity: {apart: [web], rule: should}", count=3),
])
def test_should_rules_may_be_broken(tmp_path, vms):
    done = ballast("validate", write(tmp_path / "s.yaml", HEAD + vms))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("pools, message", [
    ("    pools: [{name: gold, cpu: {reservation: 20GHz}}]\n",
     "the pools of cluster prod reserve 4000.000 MHz more CPU than its hosts offer to VMs; lower reservations or add hosts"),
    ("    pools:\n      - name: gold\n        cpu: {reservation: 1GHz, expandable: false}\n"
     "        pools: [{name: web, cpu: {reservation: 2GHz}}]\n",
     "the pools below gold reserve 1000.000 MHz more CPU than it may hold; lower their reservations, raise its own, or "
     "make it expandable"),
    ("    pools:\n      - name: gold\n        cpu: {limit: 2GHz}\n"
     "        pools: [{name: web, cpu: {reservation: 3GHz}}]\n",
     "the pools below gold reserve 1000.000 MHz more CPU than it may hold; lower their reservations or raise its limit"),
])
def test_pools_that_promise_what_they_do_not_have(tmp_path, pools, message):
    text = pools + web("workload: {cpu: 10%}")
    assert ballast("validate", write(tmp_path / "s.yaml", HEAD + text)).returncode == 0
    assert told(tmp_path, text + "policies: {admission: strict}\n") == [message]


def test_the_pool_that_is_too_much_is_pointed_at(tmp_path):
    """8 + 9 of 16 GHz: the second."""
    text = """    pools:
      - {name: gold, cpu: {reservation: 8GHz}}
      - {name: iron, cpu: {reservation: 9GHz}}
policies: {admission: strict}
""" + web("workload: {cpu: 10%}")
    done = ballast("validate", write(tmp_path / "s.yaml", HEAD + text))
    assert "s.yaml:8:9: error: the pools of cluster prod reserve 1000.000 MHz more CPU" in done.stderr


@pytest.mark.parametrize("failover, is_possible", [
    ("{policy: percentage, tolerate: 1}", True),
    ("{policy: percentage, tolerate: 2}", False),
    ("{policy: percentage, cpu: 99%}", True),
    ("{policy: percentage, cpu: 100%}", False),
    ("{policy: slots, tolerate: 1}", True),
    ("{policy: slots, tolerate: 2}", False),
    ("{policy: dedicated, hosts: [esx-1]}", True),
    ("{policy: dedicated, hosts: [esx]}", False),
])
def test_failover_leaves_something(tmp_path, failover, is_possible):
    text = web("workload: {cpu: 10%}") + f"policies: {{admission: strict, failover: {failover}}}\n"
    if is_possible:
        assert ballast("validate", write(tmp_path / "s.yaml", HEAD + text)).returncode == 0
    else:
        policy = failover.split(",")[0].split()[1]
        assert told(tmp_path, text) == [
            f"failover {policy} keeps all of cluster prod for failures, so no VM could start; keep less, or add hosts"]


POOLS = "    pools: [{name: gold, cpu: {reservation: 3GHz}, pools: [{name: web}]}, {name: none}]\n"


@pytest.mark.parametrize("expectation, message", [
    ("{event: host_failed, of: {vms: web}, equals: 0}",
     "host_failed happens to hosts only, so it would count 0; write of: {hosts: …}, or no of"),
    ("{event: refused, of: {hosts: esx}, equals: 0}",
     "refused never happens to a host, so it would count 0; write of: {vms: …} or {pools: …}, or no of"),
    ("{event: power_on, of: {pools: none}, equals: 0}",
     "power_on happens to VMs, and none is in none; put VMs into it, or name another pool"),
])
def test_events_that_can_never_happen_are_not_counted(tmp_path, expectation, message):
    text = POOLS + web("pool: gold/web, workload: {cpu: 10%}") + f"expect: [{expectation}]\n"
    assert told(tmp_path, text) == [message]


def test_events_of_a_pool_are_those_of_the_vms_below_it(tmp_path):
    """Two VMs are powered on in gold/web; the third reserves too much; gold's own change is refused, too."""
    text = POOLS + """policies: {admission: strict}
vms:
  - {name: web, count: 2, pool: gold/web, vcpus: 2, memory: 8GiB}
  - {name: big, pool: gold, vcpus: 4, memory: 8GiB, cpu: {reservation: 4GHz, limit: 3GHz}}
events: [{at: 10m, set: {pool: gold, cpu: {reservation: 50GHz}}}]
expect:
  - {event: power_on, of: {pools: gold}, equals: 2}
  - {event: power_on, of: {pools: gold/web}, equals: 2}
  - {event: refused, of: {pools: gold}, equals: 2}
  - {event: refused, of: {pools: gold/web}, equals: 0}
  - {event: refused, of: {pools: none}, equals: 0}
"""
    text = text.replace("vcpus: 4, memory: 8GiB, cpu: {reservation: 4GHz, limit: 3GHz}",
                        "vcpus: 4, memory: 8GiB, memory_policy: {reservation: 8GiB}, host: esx-0")
    text = text.replace("vms:\n", "vms:\n  - {name: a, vcpus: 2, memory: 60GiB, host: esx-0, "
                        "memory_policy: {reservation: 60GiB}}\n")
    done = ballast("run", write(tmp_path / "s.yaml", HEAD + text), "--out", tmp_path / "run", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


SHORT = "the pools of cluster prod reserve 4000.000 MHz more CPU than its hosts offer to VMs"
BELOW = "the pools below gold of cluster prod reserve 1000.000 MHz more CPU than it may hold"


@pytest.mark.parametrize("pools, to, detail, remark", [
    # Two hosts of 8 GHz: 16.
    ("    pools: [{name: gold, cpu: {reservation: 20GHz}}]\n", "yellow", "pool= cpu_short_mhz=4000.000", SHORT),
    ("    pools:\n      - name: gold\n        cpu: {limit: 1GHz}\n"
     "        pools: [{name: web, cpu: {reservation: 2GHz}}]\n", "red", "pool=gold cpu_short_mhz=1000.000", BELOW),
])
@pytest.mark.parametrize("admission", ["none", "nova-ratios"])
def test_pools_that_reserve_more_than_there_is_run_without_strict_and_are_told(
        tmp_path, admission, pools, to, detail, remark):
    text = HEAD + pools + f"policies: {{admission: {admission}}}\n" + web("pool: gold")
    path = write(tmp_path / "s.yaml", text)
    for words in (["validate", path], ["run", path, "--out", tmp_path / "run"]):
        done = ballast(*words)
        assert done.returncode == 0, done.stderr
        assert remark + f"; admission {admission} refuses no reservation, so they are met in part" in done.stderr
    with open(tmp_path / "run" / "events.csv", encoding="utf-8") as rows:
        told = [row for row in csv.DictReader(rows) if row["event"] == "shortfall"]
    assert [(float(row["time_s"]), row["subject"], row["from"], row["to"], row["detail"]) for row in told] == [
        (0, "prod", "green", to, detail)]


def test_a_pool_that_may_not_borrow_is_short_only_under_strict(tmp_path):
    pools = ("    pools:\n      - name: gold\n        cpu: {reservation: 1GHz, expandable: false}\n"
             "        pools: [{name: web, cpu: {reservation: 2GHz}}]\n")
    done = ballast("run", write(tmp_path / "s.yaml", HEAD + pools + web("pool: gold")), "--out", tmp_path / "run")
    assert done.returncode == 0 and "reserve" not in done.stderr
    assert "shortfall" not in (tmp_path / "run" / "events.csv").read_text()


def test_a_host_that_fails_may_leave_pools_short_and_its_return_ends_that(tmp_path):
    """The pool reserves 10 of 16 GHz; with one of two hosts it is 8."""
    text = HEAD + "    pools: [{name: gold, cpu: {reservation: 10GHz}}]\n" + web("pool: gold")
    text += "events: [{at: 10m, fail: {host: esx-1}}, {at: 20m, recover: {host: esx-1}}]\n"
    done = ballast("run", write(tmp_path / "s.yaml", text), "--out", tmp_path / "run")
    assert done.returncode == 0 and "reserve" not in done.stderr
    with open(tmp_path / "run" / "events.csv", encoding="utf-8") as rows:
        told = [row for row in csv.DictReader(rows) if row["event"] == "shortfall"]
    assert [(float(row["time_s"]), row["to"], row["detail"]) for row in told] == [
        (600, "yellow", "pool= cpu_short_mhz=2000.000"), (1200, "green", "")]


def test_a_cluster_of_very_many_pools_starts(tmp_path):
    """What grows with the square of 60,000 pools takes minutes; what grows with their number, seconds."""
    pools = ", ".join(f"{{name: q{number}}}" for number in range(60_000))
    vms = ", ".join(
        f"{{name: v{number}, vcpus: 1, memory: 1GiB, pool: q{number * 600}}}" for number in range(100))
    text = f"{HEAD}    pools: [{pools}]\ninterval: 1h\nvms: [{vms}]\n"
    done = ballast("run", write(tmp_path / "s.yaml", text), "--out", tmp_path / "run", "--quiet", timeout=60)
    assert done.returncode == 0, done.stderr
