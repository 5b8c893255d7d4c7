"""run, report and profiles: options, exit codes and directories."""

import hashlib
import json
import re
import shutil

import pytest

from ballast_runs import CSV_FILES, MIXED, SMALL, ballast, read_csv, read_run, run, same_csv, write

RANDOM = SMALL.replace(
    "constant: 50%", "random: {distribution: uniform, mean: 50%, sd: 20%}")


def test_the_default_directory_is_named_after_the_scenario(tmp_path, small):
    done = ballast("run", small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "reports/small").iterdir()) == sorted(
        [*CSV_FILES, "run.json", "report.html", "scenario.json", "explanations.json"])
    assert "reports/small/report.html" in done.stdout
    assert read_run(tmp_path / "reports/small")["digest"] in done.stdout


def test_standard_input(tmp_path):
    run("-", tmp_path / "out", input=SMALL)
    assert read_run(tmp_path / "out")["scenario"] == "small"


def test_out_makes_the_folders_above(tmp_path, small):
    run(small, tmp_path / "a/b/c/")
    assert (tmp_path / "a/b/c/run.json").exists()


def test_a_directory_that_exists_is_left_alone(tmp_path, small):
    run(small, tmp_path / "out")
    before = (tmp_path / "out/run.json").read_bytes()
    done = run(small, tmp_path / "out", "--seed", "9", code=74)
    assert "--force" in done.stderr
    assert done.stdout == ""
    assert (tmp_path / "out/run.json").read_bytes() == before


def test_force_replaces_a_run(tmp_path, small):
    run(small, tmp_path / "out")
    (tmp_path / "out/notes.txt").touch()
    run(small, tmp_path / "out", "--force", "--seed", "9")
    assert read_run(tmp_path / "out")["seed"] == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "small.yaml"]


def test_force_does_not_replace_what_is_no_run(tmp_path, small):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.txt").touch()
    done = run(small, tmp_path / "home", "--force", code=74)
    assert "does not look like a run" in done.stderr
    assert (tmp_path / "home/thesis.txt").exists()


def test_a_run_that_fails_leaves_the_old_one(tmp_path, small):
    run(small, tmp_path / "out")
    before = (tmp_path / "out/run.json").read_bytes()
    run(write(tmp_path / "wrong.yaml", "ballast: 1"), tmp_path / "out", "--force", code=65)
    assert (tmp_path / "out/run.json").read_bytes() == before
    assert not (tmp_path / "out.partial").exists()


def test_a_seed_changes_what_is_random_and_is_recorded(tmp_path):
    path = write(tmp_path / "random.yaml", RANDOM)
    run(path, tmp_path / "one")
    run(path, tmp_path / "two", "--seed", "2")
    # 2³² + 1: seeds keep all their bits.
    run(path, tmp_path / "large", "--seed", str(2**32 + 1))
    assert [read_run(tmp_path / name)["seed"] for name in ("one", "two", "large")] == [1, 2, 2**32 + 1]
    assert len({(tmp_path / name / "vms.csv").read_bytes() for name in ("one", "two", "large")}) == 3
    assert len({read_run(tmp_path / name)["digest"] for name in ("one", "two", "large")}) == 3


def test_the_largest_seed(tmp_path, small):
    run(small, tmp_path / "out", "--seed", str(2**64 - 1))
    assert read_run(tmp_path / "out")["seed"] == 2**64 - 1


def test_set_changes_one_value(tmp_path, small):
    run(small, tmp_path / "out", "--set", "vms.web.count=5", "--set", "duration=2h")
    _, rows = read_csv(tmp_path / "out", "vms.csv")
    assert {row["vm"] for row in rows} == {f"web-{k}" for k in range(5)}
    assert rows[-1]["time_s"] == "7200.000"


def test_set_of_an_unknown_key_is_65(tmp_path, small):
    done = run(small, tmp_path / "out", "--set", "vms.web.cuont=5", code=65)
    assert "count" in done.stderr
    assert "--set" in done.stderr


def test_json_is_what_stands_in_the_file(tmp_path, small):
    done = run(small, tmp_path / "out", "--json")
    assert json.loads(done.stdout)["schema_version"] == 1
    assert done.stdout == (tmp_path / "out/run.json").read_text()


def test_quiet_prints_nothing(tmp_path, mixed):
    done = run(mixed, tmp_path / "out", "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


def test_json_and_quiet_print_the_object_only(tmp_path, small):
    done = run(small, tmp_path / "out", "--json", "--quiet")
    json.loads(done.stdout)
    assert done.stderr == ""


def test_verify(tmp_path, mixed):
    done = run(mixed, tmp_path / "out", "--verify")
    assert f"same digest {read_run(tmp_path / 'out')['digest']}" in done.stderr


def test_an_expectation_that_is_not_met_is_1_and_the_run_is_whole(tmp_path):
    expect = "expect:\n  - {metric: cpu_used_mhz, of: {vms: web-1}, statistic: mean, at_least: 5000}\n"
    done = run(write(tmp_path / "short.yaml", SMALL + expect), tmp_path / "out", code=1)
    assert re.search(r"^NOT MET .*cpu_used_mhz mean of vms web-1 at least 5000", done.stdout, re.MULTILINE)
    told = read_run(tmp_path / "out")
    assert told["complete"] is True
    assert [verdict["met"] for verdict in told["expectations"]] == [False]
    assert (tmp_path / "out/report.html").exists()


def test_a_missing_scenario_is_66(tmp_path):
    done = run(tmp_path / "none.yaml", tmp_path / "out", code=66)
    assert "none.yaml: No such file or directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_json_has_what_the_interface_promises(mixed_run):
    told = read_run(mixed_run)
    assert {
        "schema_version", "ballast_version", "scenario", "scenario_sha256", "traces", "seed", "digest",
        "sim_duration_s", "wall_s", "complete", "expectations", "summary", "columns",
    } <= told.keys()
    assert re.fullmatch(r"[0-9a-f]{16}", told["digest"])
    assert told["sim_duration_s"] == 7000
    assert {"text", "measured", "met"} <= told["expectations"][0].keys()


def test_the_hash_in_run_json_is_of_the_scenario(tmp_path, small):
    run(small, tmp_path / "out")
    assert read_run(tmp_path / "out")["scenario_sha256"] == hashlib.sha256(small.read_bytes()).hexdigest()


def test_sweep_is_ignored_and_said_so(tmp_path):
    done = run(write(tmp_path / "s.yaml", SMALL + "sweep: {seed: [1, 2]}\n"), tmp_path / "out")
    assert "sweep" in done.stderr


# --- report -------------------------------------------------------------------------------------------------------


def test_report_renders_the_same_page_again(tmp_path, mixed_run):
    copy = tmp_path / "copy"
    shutil.copytree(mixed_run, copy)
    (copy / "report.html").unlink()
    done = ballast("report", copy)
    assert done.returncode == 0
    assert done.stdout.strip() == str(copy / "report.html")
    assert (copy / "report.html").read_bytes() == (mixed_run / "report.html").read_bytes()
    assert same_csv(copy, mixed_run) == []


def test_the_page_needs_no_network(mixed_run):
    page = (mixed_run / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", page)


@pytest.mark.parametrize("damage", ["run.json", "vms.csv", "hosts.csv"])
@pytest.mark.parametrize("how", ["missing", "empty", "cut", "binary"])
def test_report_on_a_damaged_run(tmp_path, mixed_run, damage, how):
    copy = tmp_path / "copy"
    shutil.copytree(mixed_run, copy)
    path = copy / damage
    whole = path.read_bytes()
    page = (copy / "report.html").read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "binary": bytes(range(256)) * 9}[how])
    done = ballast("report", copy)
    assert done.returncode in (65, 66), done.stderr
    assert damage in done.stderr
    assert (copy / "report.html").read_bytes() == page


def test_report_on_what_is_no_run(tmp_path):
    done = ballast("report", tmp_path)
    assert done.returncode == 66
    assert "run.json" in done.stderr


# --- profiles -----------------------------------------------------------------------------------------------------


def test_profiles():
    done = ballast("profiles")
    assert done.returncode == 0
    assert {"esxi", "kvm"} <= {line.split()[0] for line in done.stdout.splitlines()}


@pytest.mark.parametrize(
    "profile, policy, techniques",
    [("esxi", "proportional-share", "share, balloon, compress, swap"), ("kvm", "none", "share, balloon, swap"),
     ("xen", "none", "balloon"), ("hyperv", "hyperv-dynamic-memory", "balloon")])
def test_a_profile_tells_its_memory(profile, policy, techniques):
    done = ballast("profiles", "show", profile)
    assert done.returncode == 0
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert f"policy: {policy}" in lines
    assert f"techniques: {techniques}" in lines
    # 6 % of 4 GiB, 4 % of 8, 2 % of 16 and 1 % of 228 are 3235.84 MiB.
    assert ("minFree on 256 GiB: 3235.84 MiB" in lines) == (profile == "esxi")


def test_an_unknown_profile():
    done = ballast("profiles", "show", "nix")
    assert done.returncode == 64
    assert "the profiles are esxi, kvm, xen, hyperv" in done.stderr


@pytest.mark.parametrize("profile", [line.split()[0] for line in ballast("profiles").stdout.splitlines()])
def test_every_profile_runs(tmp_path, profile):
    path = write(tmp_path / "mixed.yaml", MIXED)
    run(path, tmp_path / "out", "--quiet", "--set", f"hypervisor={profile}")


def test_a_page_has_no_empty_sections(tmp_path):
    text = SMALL.replace("duration: 1h", "duration: 1h\nrecord: {vms: summary}")
    run(write(tmp_path / "plain.yaml", text), tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text()
    assert "This run has no resource pools." in page
    assert "VM by VM</h3>" not in page


def test_nothing_is_said_of_memory_that_a_scenario_leaves_out(tmp_path, small):
    """Without `memory:` in the workload nothing is known of its use, so there is nothing to give back."""
    run(small, tmp_path / "out")
    assert "of memory in active use" not in (tmp_path / "out/report.html").read_text()


def test_a_pool_of_one_share_is_divided_over_hosts(tmp_path):
    """1 share against 3 on two hosts of 10 GHz: a quarter of each, 2.5 GHz, and not all of the share on one host."""
    text = """\
ballast: 1
duration: 10m
clusters:
  - name: c
    hosts: [{name: h, count: 2, cpu: {cores: 4, mhz: 2500}, memory: 64GiB}]
    pools: [{name: one, cpu: {shares: 1}}, {name: three, cpu: {shares: 3}}]
vms:
  - {name: a, host: h-0, pool: one, vcpus: 4, memory: 4GiB, workload: {cpu: 100%}}
  - {name: b, host: h-1, pool: one, vcpus: 4, memory: 4GiB, workload: {cpu: 100%}}
  - {name: c, host: h-0, pool: three, vcpus: 4, memory: 4GiB, workload: {cpu: 100%}}
  - {name: d, host: h-1, pool: three, vcpus: 4, memory: 4GiB, workload: {cpu: 100%}}
expect:
  - {metric: cpu_used_mhz, of: {pools: one}, statistic: mean, equals: 5000}
  - {metric: cpu_used_mhz, of: {vms: b}, statistic: min, equals: 2500}
"""
    run(write(tmp_path / "pools.yaml", text), tmp_path / "out")


def test_hosts_that_are_down_stay_in_the_inventory(tmp_path):
    text = """\
ballast: 1
duration: 1h
clusters: [{name: c, hosts: [{name: h, count: 4, cpu: {cores: 4, mhz: 2000}, memory: 16GiB}]}]
assume: {hosts_down: [h-3, h-0]}
vms: [{name: v, count: 4, vcpus: 2, memory: 4GiB, host: h-3, workload: {cpu: 40%}}]
expect:
  - {metric: cpu_used_pct, of: {hosts: h}, statistic: mean, at_least: 10}
  - {metric: cpu_used_pct, of: {hosts: h-3}, statistic: mean, at_least: 10}
"""
    scenario = write(tmp_path / "s.yaml", text)
    run(scenario, tmp_path / "out", "--quiet")
    _, rows = read_csv(tmp_path / "out", "hosts.csv")
    states = {(row["host"], row["state"]) for row in rows}
    assert states == {("h-0", "failed"), ("h-1", "on"), ("h-2", "on"), ("h-3", "failed")}
    # 4 VMs of 1600 MHz on the two that are left.
    assert {row["cpu_used_mhz"] for row in rows if row["state"] == "on"} == {"3200.000"}
    # Nobody is left to ask in the second expectation.
    assert len(read_run(tmp_path / "out")["expectations"]) == 1
    for value, words in (("[h]", "no host of cluster c is left"), ("[x]", "no host matches x")):
        done = run(scenario, tmp_path / "no", "--set", f"assume.hosts_down={value}", code=65)
        assert words in done.stderr
