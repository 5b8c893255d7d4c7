"""Rules and promises that cannot all be kept: refused before anything runs, with names and a remedy."""

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
     "the pools of cluster prod reserve 4000.000 MHz more cpu than its hosts offer to VMs; lower reservations or add hosts"),
    ("    pools:\n      - name: gold\n        cpu: {reservation: 1GHz, expandable: false}\n"
     "        pools: [{name: web, cpu: {reservation: 2GHz}}]\n",
     "the pools below gold reserve 1000.000 MHz more cpu than it may hold; lower their reservations, raise its own, or "
     "make it expandable"),
])
def test_pools_that_promise_what_they_do_not_have(tmp_path, pools, message):
    text = pools + web("workload: {cpu: 10%}")
    assert ballast("validate", write(tmp_path / "s.yaml", HEAD + text)).returncode == 0
    assert told(tmp_path, text + "policies: {admission: strict}\n") == [message]
