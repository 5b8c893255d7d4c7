"""What happens where more memory is reserved than a host has: everybody runs, and results say whose promise is not kept."""

from ballast_runs import read_csv, run, write

HEAD = """\
ballast: 1
duration: 20m
interval: 1m
clusters:
  - name: c
    hosts: [{name: h, count: %d, cpu: {cores: 8, mhz: 2000}, memory: 16GiB}]
"""


def play(tmp_path, text):
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    vms, events = (read_csv(tmp_path / "run", f"{name}.csv")[1] for name in ("vms", "events"))
    end = {row["vm"]: row for row in vms if float(row["time_s"]) == 1200}
    return end, [row for row in events if row["event"] == "shortfall"]


def test_a_pools_promise_stops_nobody(tmp_path):
    """The cluster can back 12 GiB of the pool and 8 of b, but both are on h-0 with 15,032 MiB. b has reserved its 8192 itself
    and keeps them; the pool lends pv what is left, about 6644, and pv pages the rest. Both run."""
    end, shortfalls = play(tmp_path, HEAD % 2 + """\
    pools: [{name: p, memory: {reservation: 12GiB}}]
vms:
  - {name: pv, host: h-0, pool: p, vcpus: 2, memory: 12GiB,
     workload: {cpu: 50%, memory: {active: 30%, touched: 90%}}}
  - {name: b, host: h-0, vcpus: 2, memory: 8GiB, memory_policy: {reservation: 8GiB},
     workload: {cpu: 50%, memory: {active: 80%, touched: 100%}}}
policies: {admission: strict}
""")
    assert float(end["b"]["mem_mapped_mib"]) == 8192
    assert 4500 < float(end["pv"]["mem_consumed_mib"]) < 6644
    assert all(float(row["slowdown_pct"]) < 5 for row in end.values())
    told, = shortfalls
    assert (told["subject"], told["from"], told["to"]) == ("p", "kept", "short")
    assert told["detail"].startswith("host=h-0 mem_reservation_mib=12288.000 mem_backed_mib=66")


def test_reservations_beyond_a_host_are_cut_alike(tmp_path):
    """18 GiB are reserved on 16: each of the three keeps about (14,828 - 714) / 3 MiB and pages what it does not use."""
    end, shortfalls = play(tmp_path, HEAD % 1 + """\
vms:
  - {name: b, count: 3, vcpus: 2, memory: 6GiB, memory_policy: {reservation: 6GiB},
     workload: {cpu: 50%, memory: {active: 70%, touched: 100%}}}
""")
    for row in end.values():
        assert 4500 < float(row["mem_consumed_mib"]) < 5100 and float(row["slowdown_pct"]) < 10
        assert float(row["mem_waiting_mib"]) == 0
    assert [row["subject"] for row in shortfalls] == ["b-0", "b-1", "b-2"]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "More is reserved than the host has: move VMs" in report
    assert "Reserve memory for what must not be paged" not in report
