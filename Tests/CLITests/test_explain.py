"""explain: the arithmetic behind a VM at a moment of a run, from the scenario that the run has kept."""

import json
import os
import pathlib
import re
import shutil

import pytest

from ballast_runs import PROJECT, SMALL, ballast, read_csv, read_run, run, scenario_names, uses_published_traces, write

# gold/web has 3 GHz reserved of 6: two VMs of 1 GHz fit with what gold lends, big does not fit its fixed pool.
STRICT = """\
ballast: 1
name: strict
duration: 2h
clusters:
  - name: prod
    hosts: [{name: esx, count: 2, cpu: {cores: 4, mhz: 2000}, memory: 32GiB}]
    pools:
      - {name: gold, cpu: {reservation: 2GHz}, pools: [{name: web, cpu: {reservation: 1GHz}}]}
      - {name: fixed, cpu: {reservation: 1GHz, expandable: false}}
policies: {admission: strict, failover: {policy: percentage, tolerate: 1, detection: 30s, restart: 1m}}
vms:
  - {name: web, count: 2, vcpus: 2, memory: 4GiB, pool: gold/web, host: esx-1, cpu: {reservation: 1GHz}, workload: {cpu: 50%}}
  - {name: big, vcpus: 2, memory: 4GiB, pool: fixed, cpu: {reservation: 3GHz}, workload: {cpu: 50%}}
  - {name: late, vcpus: 2, memory: 4GiB, start: 100m, stop: 110m, workload: {cpu: 50%}}
events:
  - {at: 30m, migrate: {vm: web-0, to: esx-0}}
  - {at: 50m, fail: {host: esx-1}}
"""


def explain(directory, vm, at, *arguments, code=0, **options):
    done = ballast("explain", directory, "--vm", vm, "--at", at, *arguments, **options)
    assert done.returncode == code, done.stderr
    return done


def explained(directory, vm, at, **options):
    """The answer as JSON."""
    return json.loads(explain(directory, vm, at, "--json", **options).stdout)


@pytest.fixture(scope="module")
def strict_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strict")
    run(write(folder / "strict.yaml", STRICT), folder / "run", "--quiet")
    return folder / "run"


# --- What is said ---------------------------------------------------------------------------------------------------


def test_three_vms_share_four_cores_by_their_demand(tmp_path, small):
    """Each wants 2 of its 4 GHz; the host has 8, so each gets all it wants."""
    run(small, tmp_path / "run", "--quiet")
    text = explain(tmp_path / "run", "web-1", "30m").stdout
    assert text.startswith("web-1 at 30m of small\n")
    assert "web-1 runs on esx in cluster prod since 0s." in text
    assert "web-1 is entitled to 2,000 MHz of CPU; it wants 2,000 MHz." in text
    assert re.search(r"^ +web-1 +2,000 MHz +0 MHz +2,000 MHz .* nothing$", text, re.MULTILINE)
    answer = explained(tmp_path / "run", "web-1", "30m")
    assert answer["schema_version"] == 1
    assert answer["explanation"]["cpu"]["dynamic_entitlement"] == 2_000_000
    assert answer["explanation"]["granted"]["cpu"] == 2_000_000
    assert answer["units"] == {"cpu": "kHz", "memory": "bytes", "time": "ns"}


def test_admission_says_where_a_charge_comes_from(strict_run):
    """Both have 1 GHz: of web's own 1 GHz, and of the 1 GHz that gold has beside web."""
    first = explained(strict_run, "web-0", "10m")["explanation"]["admission"]
    assert [(step["pool"], step["own"]["cpu"]) for step in first["record"] if step["own"]["cpu"]] == [
        ("gold/web", 1_000_000)]
    second = explained(strict_run, "web-1", "10m")["explanation"]["admission"]
    assert [(step["pool"], step["own"]["cpu"]) for step in second["record"] if step["own"]["cpu"]] == [
        ("gold", 1_000_000)]
    assert [pool["path"] for pool in second["pools"]] == ["gold/web", "gold", ""]
    assert "Its CPU charge comes as 1000 MHz from pool gold." in explain(strict_run, "web-1", "10m").stdout


def test_a_refused_vm_says_why(strict_run):
    text = explain(strict_run, "big", "1h").stdout
    assert "its power-on in pool fixed of cluster prod was refused at 0s" in text
    assert "Pool fixed is asked for 3000 MHz of CPU and has 1000 MHz unreserved" in text
    answer = explained(strict_run, "big", "1h")["explanation"]
    assert answer["state"] == "refused"
    assert "cpu" not in answer and "granted" not in answer


# Four hosts of 10 GHz, one kept: 30 may be promised, and 28 + 2 are. tiny reserves nothing and counts 32 MHz.
KEPT = """\
ballast: 1
name: kept
duration: 1h
hypervisor: {profile: esxi, host_reserve: 0B, vm_overhead: 0B}
policies: {admission: strict, failover: {policy: percentage, tolerate: 1}}
clusters: [{name: c, hosts: [{name: h, count: 4, cpu: {cores: 10, mhz: 1000}, memory: 20GiB}]}]
vms:
  - {name: big, count: 4, vcpus: 8, memory: 1GiB, cpu: {reservation: 7GHz}}
  - {name: last, vcpus: 8, memory: 1GiB, start: 5m, cpu: {reservation: 2GHz}}
  - {name: tiny, vcpus: 1, memory: 1GiB, start: 10m}
events:
  - {at: 20m, fail: {host: h-3}}
  - {at: 30m, migrate: {vm: tiny, to: h-0}}
  - {at: 31m, migrate: {vm: last, to: h-3}}
"""


def test_what_failover_counts_is_explained(tmp_path):
    """42.667 MHz more, of which a quarter is kept, let tiny in; promises stay backed when what was kept is used."""
    run(write(tmp_path / "kept.yaml", KEPT), tmp_path / "run", "--quiet")
    refused = explain(tmp_path / "run", "tiny", "15m").stdout
    assert "counting 32 MHz for a VM that reserves none: 32 MHz less reserved, or 42.667 MHz more capacity" in refused
    assert "Failover policy percentage counts it as 32 MHz of CPU, as every VM that reserves none," in refused
    answer = explained(tmp_path / "run", "last", "25m")["explanation"]
    assert answer["admission"]["state"] == "green" and not answer["admission"]["failover"]["is_satisfied"]
    assert "VMs of failed hosts start again" in explain(tmp_path / "run", "last", "25m").stdout
    _, events = read_csv(tmp_path / "run", "events.csv")
    assert [(row["subject"], row["detail"]) for row in events if row["detail"].startswith("change=migrate")] == [
        ("tiny", "change=migrate reason=not_movable state=refused"),
        ("last", "change=migrate reason=host_not_on host=h-3 state=failed")]
    numbers = explained(tmp_path / "run", "tiny", "15m")["explanation"]["refusal"]["numbers"]
    assert (numbers["count"], numbers["capacity_short"]) == ("cpu", 42_667)


@pytest.mark.parametrize("capacity, code", [("1001", 1), ("1002", 0)])
def test_the_capacity_named_lets_it_in(tmp_path, capacity, code):
    """42.667 MHz over 40 cores is 1.07 MHz a core: with 1001 MHz each 30,030 may be used, with 1002 MHz 30,060."""
    text = KEPT + "expect: [{metric: admitted, of: {vms: tiny}, equals: true}]\n"
    done = ballast(
        "run", write(tmp_path / "kept.yaml", text), "--out", tmp_path / "run", "--quiet", "--set",
        f"clusters.c.hosts.h.cpu.mhz={capacity}")
    assert done.returncode == code, done.stderr


def test_a_vm_that_is_off_says_why(strict_run):
    assert "the scenario starts it at 1h 40m" in explain(strict_run, "late", "1h").stdout
    assert "is off since 1h 50m" in explain(strict_run, "late", "2h").stdout
    assert explained(strict_run, "late", "100m")["explanation"]["state"] == "on"


def test_a_move_is_told(strict_run):
    moving = explain(strict_run, "web-0", "30m").stdout
    assert "is moving to esx-0 since 30m" in moving
    assert "At 30m: Migration from esx-1 to esx-0, decided by an event of the scenario." in moving
    answer = explained(strict_run, "web-0", "40m")["explanation"]
    assert (answer["host"], answer["migrations"]) == ("esx-0", 1)


def test_a_restart_is_told(strict_run):
    """Failed at 50m, detected 30 s later, started 1 m after that."""
    waiting = explain(strict_run, "web-1", "51m").stdout
    assert "its host esx-1 failed at 50m" in waiting
    assert "It is started again at 51m 30s" in waiting
    answer = explained(strict_run, "web-1", "52m")["explanation"]
    assert (answer["state"], answer["host"], answer["restarts"]) == ("on", "esx-0", 1)
    assert answer["decisions"][-1]["kind"] == "restart"


# --- What a run says of itself ---------------------------------------------------------------------------------------

# Each wants 4 GHz of 8: 6 GHz are missing for three, so each has 2,666.667 of 4,000 MHz, ready 33.333 %.
CROWDED = SMALL.replace("constant: 50%", "constant: 100%") + """\
expect:
  - {metric: cpu_ready_pct_per_vcpu, of: {vms: web}, statistic: max, at_most: 30}
  - {metric: cpu_ready_pct_per_vcpu, of: {vms: web}, statistic: max, at_most: 40}
"""


TAXED = """
ballast: 1
duration: 20m
interval: 1m
hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB, page_sharing: off, large_pages: false}
clusters:
  - name: c
    hosts: [{name: h, cpu: {cores: 10, mhz: 1000}, memory: 10GiB}]
    pools: [{name: P, memory: {reservation: 6GiB}}]
vms:
  - {name: a, pool: P, vcpus: 1, memory: 8GiB, workload: {cpu: 50%, memory: {active: 10%, touched: 100%}}}
  - {name: d, vcpus: 1, memory: 8GiB, workload: {cpu: 50%, memory: {active: 90%, touched: 100%}}}
"""


def test_a_taxed_division_names_the_reservation_of_a_pool(tmp_path):
    """Pool P has its 6 GiB although a uses a tenth of them; without the reservation its price brings less."""
    file = write(tmp_path / "taxed.yaml", TAXED)
    run(file, tmp_path / "with")
    run(file, tmp_path / "without", "--set", "clusters.c.pools.P.memory.reservation=0MiB")

    def levels(directory, vm):
        taxed = explained(tmp_path / directory, vm, "15m")["explanation"]["memory_control"]["taxed"]
        return [(level["name"], level["bound"], level["amount"]) for level in taxed["levels"]]

    held = levels("with", "a")
    assert held[:2] == [("h", "capacity", 10 << 30), ("P", "reservation", 6 << 30)]
    text = explain(tmp_path / "with", "a", "15m").stdout
    assert "what holds it there is the memory reservation of its pool, divided inside by price" in text
    assert "pool P" in text and "bound by" in text
    loser = levels("with", "d")
    assert loser[-1] == ("d", "price", 4 << 30)
    assert "Beside d, pool P has 6144 MiB by its reservation" in explain(tmp_path / "with", "d", "15m").stdout
    free = levels("without", "a")
    assert free[1][1] == "price" and free[1][2] < 6 << 30
    assert "what holds it there is its price" in explain(tmp_path / "without", "a", "15m").stdout


def test_a_failed_expectation_says_by_how_much_and_what_would_help(tmp_path):
    path = write(tmp_path / "crowded.yaml", CROWDED)
    done = run(path, tmp_path / "run", code=1)
    line = next(line for line in done.stdout.splitlines() if line.startswith("NOT MET"))
    assert "; missed by 3.333; lever: Raising its shares from 2,000 to" in line
    missed, met = read_run(tmp_path / "run")["expectations"]
    assert missed["missed_by"] == 3.333
    assert missed["lever"].endswith("would bring web-0 4,000 MHz.")
    assert "missed_by" not in met and "lever" not in met
    told = json.loads((tmp_path / "run/explanations.json").read_text(encoding="utf-8"))
    assert [(moment["reason"], moment["explanation"]["vm"]) for moment in told["moments"]] == [
        ("expectation", "web-0"), ("demand", "web-1"), ("demand", "web-2")]
    assert told["moments"][1]["unmet"] == 333_333
    page = (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert '<section id="why">' in page and "web-1 has 2,000 of 6,000 shares on host esx" in page
    assert missed["lever"] in page


def test_refusals_moves_and_restarts_are_told(strict_run):
    told = json.loads((strict_run / "explanations.json").read_text(encoding="utf-8"))
    assert [record["vm"] for record in told["refusals"]["records"]] == ["big"]
    assert [(record["vm"], record["from"], record["to"]) for record in told["moves"]["records"]] == [
        ("web-0", "esx-1", "esx-0")]
    assert [(record["vm"], record["to"]) for record in told["restarts"]["records"]] == [("web-1", "esx-0")]
    page = (strict_run / "report.html").read_text(encoding="utf-8")
    assert "Power-on was refused (pool_reservation). Pool fixed is asked for 3000 MHz of CPU" in page


def test_the_account_does_not_depend_on_threads(tmp_path, mixed):
    run(mixed, tmp_path / "one", "--quiet")
    run(mixed, tmp_path / "four", "--quiet", "--threads", 4)
    for name in ["explanations.json", "scenario.json", "report.html"]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "four" / name).read_bytes(), name


def test_a_report_needs_no_explanations(mixed_run, tmp_path):
    copy = copy_of(mixed_run, tmp_path)
    before = (copy / "report.html").read_bytes()
    assert ballast("report", copy).returncode == 0
    assert (copy / "report.html").read_bytes() == before
    (copy / "explanations.json").unlink()
    assert ballast("report", copy).returncode == 0
    assert "no <code>explanations.json</code>" in (copy / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["explanations.json", "run.json", "hosts.csv"])
def test_a_report_of_damaged_files_is_65(mixed_run, tmp_path, name):
    copy = copy_of(mixed_run, tmp_path)
    write(copy / name, "{")
    done = ballast("report", copy)
    assert done.returncode == 65
    assert name in done.stderr
    (copy / name).unlink()
    assert ballast("report", copy).returncode == (0 if name == "explanations.json" else 66)


# --- All scenarios --------------------------------------------------------------------------------------------------


def at_a_third(directory, rows):
    """A sample that ends near a third of the run, in which a VM's entitlement did not change: (VM, time, MHz)."""
    third = read_run(directory)["sim_duration_s"] / 3
    cells = {}
    for row in rows:
        if row["state"] == "on":
            cells.setdefault(row["vm"], []).append((float(row["time_s"]), row["cpu_entitled_mhz"]))
    candidates = []
    for vm, samples in cells.items():
        for before, here, after in zip(samples, samples[1:], samples[2:]):
            if before[1] == here[1] == after[1]:
                candidates.append((abs(here[0] - third), vm, here[0], here[1]))
    return min(candidates)[1:] if candidates else None


@pytest.mark.parametrize("name", scenario_names())
def test_explain_answers_for_every_scenario(name, tmp_path):
    if uses_published_traces(name) and not os.environ.get("BALLAST_TRACES"):
        pytest.skip("needs the published traces: set BALLAST_TRACES")
    if "bitbrains-" in name:
        pytest.skip("long")
    done = ballast("run", PROJECT / name, "--out", tmp_path / "run", "--quiet")
    assert done.returncode in (0, 1), done.stderr
    _, rows = read_csv(tmp_path / "run", "vms.csv")
    found = at_a_third(tmp_path / "run", rows)
    if found is None:
        _, summaries = read_csv(tmp_path / "run", "vms-summary.csv")
        third = int(read_run(tmp_path / "run")["sim_duration_s"] * 1_000 / 3)
        answer = explained(tmp_path / "run", summaries[0]["vm"], f"{third}ms")["explanation"]
        assert answer["state"] != "on" or answer["cpu"]["dynamic_entitlement"] == answer["granted"]["cpu"]
        return
    vm, time, entitled = found
    # Just before the sample ends: changes at its end would count.
    answer = explained(tmp_path / "run", vm, f"{round(time * 1_000) - 1}ms")["explanation"]
    assert f"{answer['cpu']['dynamic_entitlement'] / 1_000:.3f}" == entitled
    assert answer["granted"]["cpu"] == answer["cpu"]["dynamic_entitlement"]


def test_what_is_recorded_does_not_matter(tmp_path, mixed):
    run(mixed, tmp_path / "all", "--quiet")
    run(mixed, tmp_path / "summary", "--quiet", "--set", "record={vms: summary}", "--set", "expect=[]")
    for vm, at in [("web-3", "33m20s"), ("batch-1", "45m"), ("zähler-0", "90m"), ("night shift", "7000s")]:
        assert explained(tmp_path / "all", vm, at) == explained(tmp_path / "summary", vm, at)
    assert explain(tmp_path / "all", "db-1", "1h", "--threads", 4).stdout == explain(
        tmp_path / "all", "db-1", "1h").stdout


# --- The scenario that is kept --------------------------------------------------------------------------------------


def test_the_kept_scenario_is_the_one_that_ran(tmp_path):
    """Imports, --set, --seed, shares in words, and a trace beside the file, from another working directory."""
    shutil.copytree(PROJECT / "scenarios/traces/sample/planetlab", tmp_path / "in/sample")
    write(tmp_path / "in/base.yaml", SMALL.replace("count: 3", "count: 2").replace(", workload: {cpu: {constant: 50%}}", ""))
    write(tmp_path / "in/top.yaml", """\
import: base.yaml
name: "null"
traces: {pl: {format: planetlab, path: sample, interval: 5m}}
vms:
  - name: web
    cpu: {shares: high}
    workload: {cpu: {trace: pl}}
""")
    run("in/top.yaml", "out", "--quiet", "--seed", 9, "--set", "vms.web.count=3", cwd=tmp_path)
    kept = tmp_path / "out/scenario.json"
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert (told["seed"], told["name"], told["vms"][0]["count"]) == (9, "null", 3)
    assert told["traces"]["pl"]["path"] == str(tmp_path / "in/sample")
    run(kept, tmp_path / "again", "--quiet", cwd="/")
    first, second = read_run(tmp_path / "out"), read_run(tmp_path / "again")
    assert (first["digest"], first["scenario"]) == (second["digest"], second["scenario"])
    assert explained(tmp_path / "out", "web-2", "20m", cwd="/")["explanation"]["state"] == "on"


def test_a_scenario_that_was_changed_since_is_told(mixed_run, tmp_path):
    assert "has changed" not in explain(mixed_run, "web-0", "1h").stderr
    copy = copy_of(mixed_run, tmp_path)
    told = json.loads((copy / "scenario.json").read_text(encoding="utf-8"))
    # Another layout says the same.
    write(copy / "scenario.json", json.dumps(told, indent=1))
    assert "has changed" not in explain(copy, "web-0", "1h").stderr
    told["vms"][0]["vcpus"] = int(told["vms"][0]["vcpus"]) + 1
    write(copy / "scenario.json", json.dumps(told))
    assert "scenario.json has changed since the run" in explain(copy, "web-0", "1h").stderr


@pytest.mark.parametrize("name", scenario_names())
def test_every_kept_scenario_runs_the_same(name, tmp_path):
    if uses_published_traces(name):
        pytest.skip("long")
    ballast("run", PROJECT / name, "--out", tmp_path / "a", "--quiet")
    ballast("run", tmp_path / "a/scenario.json", "--out", tmp_path / "b", "--quiet", cwd="/")
    assert read_run(tmp_path / "a")["digest"] == read_run(tmp_path / "b")["digest"]
    assert read_run(tmp_path / "a")["expectations"] == read_run(tmp_path / "b")["expectations"]


# --- Errors ---------------------------------------------------------------------------------------------------------


def copy_of(directory, tmp_path):
    return pathlib.Path(shutil.copytree(directory, tmp_path / "copy"))


def test_no_such_directory_is_66(tmp_path):
    assert "No such file" in explain(tmp_path / "none", "web", "1h", code=66).stderr


def test_no_run_is_66(tmp_path):
    assert "run directory" in explain(tmp_path, "web", "1h", code=66).stderr


def test_a_run_without_its_scenario_is_66(mixed_run, tmp_path):
    copy = copy_of(mixed_run, tmp_path)
    (copy / "scenario.json").unlink()
    assert "scenario.json" in explain(copy, "web-0", "1h", code=66).stderr


@pytest.mark.parametrize("text", ["", "{", '{"ballast": 1}'])
def test_a_damaged_scenario_is_65(mixed_run, tmp_path, text):
    copy = copy_of(mixed_run, tmp_path)
    write(copy / "scenario.json", text)
    assert "scenario.json" in explain(copy, "web-0", "1h", code=65).stderr


def test_a_damaged_run_json_is_65(mixed_run, tmp_path):
    copy = copy_of(mixed_run, tmp_path)
    write(copy / "run.json", "{")
    assert "run.json" in explain(copy, "web-0", "1h", code=65).stderr


def test_an_unknown_vm_is_64_and_shows_the_nearest(mixed_run):
    assert "did you mean web-1?" in explain(mixed_run, "wbe-1", "1h", code=64).stderr
    assert "it is an entry of 5: write one of web-0 … web-4" in explain(mixed_run, "web", "1h", code=64).stderr
    assert "a pattern names many" in explain(mixed_run, "web*", "1h", code=64).stderr
    assert "-5m is negative" in explain(mixed_run, "web-1", "-5m", code=64).stderr


def test_a_time_after_the_run_is_64(mixed_run):
    assert "1h 56m 40s" in explain(mixed_run, "web-0", "2h", code=64).stderr


def test_a_trace_that_is_gone_is_66(tmp_path):
    shutil.copytree(PROJECT / "scenarios/traces/sample/planetlab", tmp_path / "sample")
    write(tmp_path / "top.yaml", SMALL.replace("cpu: {constant: 50%}", "cpu: {trace: pl}")
          + "traces: {pl: {format: planetlab, path: sample, interval: 5m}}\n")
    run("top.yaml", "out", "--quiet", cwd=tmp_path)
    shutil.rmtree(tmp_path / "sample")
    assert "sample" in explain(tmp_path / "out", "web-0", "20m", code=66).stderr


def test_another_version_is_told(mixed_run, tmp_path):
    copy = copy_of(mixed_run, tmp_path)
    text = (copy / "run.json").read_text(encoding="utf-8")
    write(copy / "run.json", re.sub(r'"ballast_version": "[^"]*"', '"ballast_version": "9.9.9"', text))
    assert "9.9.9" in explain(copy, "web-0", "1h").stderr


# Pool P has reserved 6 GHz. When h-0 has failed all of it counts on h-1, which has 4, and b wants those 4.
RESERVED = """\
ballast: 1
name: reserved
duration: 30m
interval: 5m
hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
clusters:
  - name: c
    hosts: [{name: h, count: 2, cpu: {cores: 4, mhz: 1000}, memory: 16GiB}]
    pools: [{name: P, cpu: {reservation: 6GHz, expandable: false}}]
vms:
  - {name: a, pool: P, vcpus: 4, host: h-0, memory: 1GiB, workload: {cpu: 100%}}
  - {name: b, pool: P, vcpus: 4, host: h-1, memory: 1GiB, workload: {cpu: 100%}}
  - {name: d, vcpus: 4, host: h-1, memory: 1GiB, workload: {cpu: 100%}}
events:
  - {at: 10m, fail: {host: h-0}}
"""


def test_the_pool_that_has_reserved_the_host_is_named(tmp_path):
    run(write(tmp_path / "s.yaml", RESERVED), tmp_path / "run", "--quiet")
    text = explain(tmp_path / "run", "d", "11m").stdout
    assert "and gets 0 MHz. Pool P has 4,000 MHz of that by its reservation of 6,000 MHz, whatever the shares." in text
    # d's own pool mates are held by their shares inside P, where nobody has reserved anything.
    assert "by its reservation of" not in explain(tmp_path / "run", "b", "5m").stdout


# 3,000 MiB of swap and a VM of 3,000 MiB beside one of 1,000: the host's memory would do, the device does not.
SWAP = """\
ballast: 1
name: swap
duration: 5m
hypervisor: {profile: esxi, host_reserve: 1MiB, vm_overhead: 0MiB}
clusters: [{name: c, hosts: [{name: h, cpu: {cores: 8, mhz: 1000}, memory: 8GiB, swap: {size: 3000MiB}}]}]
vms:
  - {name: a, vcpus: 1, memory: 3000MiB}
  - {name: d, vcpus: 1, memory: 1000MiB, start: 1m}
"""


@pytest.mark.parametrize("profile, reason, out", [
    ("esxi", "swap_space", "1 without enough swap space."),
    ("xen", "free_memory", "1 without enough free memory."),
])
def test_a_host_that_cannot_back_a_vm_is_out_for_that(tmp_path, profile, reason, out):
    text = SWAP.replace("esxi", profile)
    if profile == "xen":
        text = text.replace("8GiB, swap: {size: 3000MiB}", "3500MiB")
    run(write(tmp_path / "s.yaml", text), tmp_path / "run", "--quiet")
    told = explain(tmp_path / "run", "d", "2m").stdout
    assert f"({reason})" in told and f"Hosts that were out: {out}" in told
    assert "unreserved memory" not in told
