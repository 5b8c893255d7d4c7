"""ballast plan and ballast compare, from outside: answers, proofs, exit codes."""

import json

import pytest

from ballast_runs import ballast

ESTATE = """\
ballast: 1
name: estate
duration: 1h
control: {interval: 5m}
hypervisor: {profile: esxi, host_reserve: 0MiB, vm_overhead: 0MiB}
clusters:
  - name: prod
    hosts: [{name: esx, count: 4, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]
vms:
  - {name: web, count: 20, vcpus: 2, memory: 4GiB, workload: {cpu: DEMAND}}
expect:
  - {metric: cpu_ready_pct_per_vcpu, of: {vms: "*"}, statistic: p95, at_most: 5}
"""
CHANCE = "{random: {distribution: uniform, mean: 40%, sd: 20%}}"


@pytest.fixture
def estate(tmp_path):
    """20 VMs of 800 MHz on four hosts of 8000 MHz: 16000 MHz, two hosts."""
    path = tmp_path / "estate.yaml"
    path.write_text(ESTATE.replace("DEMAND", "40%"))
    return path


@pytest.fixture
def chancy(tmp_path):
    path = tmp_path / "chancy.yaml"
    path.write_text(ESTATE.replace("DEMAND", CHANCE))
    return path


def test_hosts_and_their_proof(estate, tmp_path):
    proof = tmp_path / "proof.yaml"
    done = ballast("plan", "hosts", estate, "--tolerate", "1", "--out", proof, "--quiet")
    assert done.returncode == 0
    assert done.stdout.startswith("3 hosts of prod.esx are enough at N+1 for 20 VMs; with 2, 1 of them down,")
    # The proof is the degraded estate: two of four hosts are up, and they are enough; one would not be.
    assert ballast("run", proof, "--out", tmp_path / "run", "--quiet").returncode == 0
    less = ["--set", "assume.hosts_down=[esx-1, esx-2, esx-3]"]
    assert ballast("run", proof, *less, "--out", tmp_path / "less", "--quiet").returncode == 1


def test_json_is_one_object(estate):
    done = ballast("plan", "fit", estate, "--vm", "vcpus=2,memory=4GiB,cpu=40%", "--json")
    answer = json.loads(done.stdout)
    assert (answer["schema_version"], answer["question"]) == (1, "fit")
    # 11 VMs per host miss 3.6 %, 12 miss 6.7 %: 44 in all.
    assert answer["more"] == 24
    assert sum(answer["per_host"].values()) == 24


def test_what_is_tried_does_not_depend_on_workers(chancy):
    for question in (["hosts"], ["fit", "--vm", "vcpus=2,memory=1GiB,cpu=60%"]):
        answers = {
            ballast("plan", *question, chancy, "--json", "--workers", workers).stdout
            for workers in ("1", "2", "3", "8")}
        assert len(answers) == 1 and json.loads(answers.pop())["answered"]


def test_answers_do_not_depend_on_workers(chancy):
    words = ["plan", "ratio", chancy, "--repetitions", "3", "--to", "20", "--json"]
    assert ballast(*words, "--workers", "1").stdout == ballast(*words, "--workers", "3").stdout


def test_growth_has_both_intervals(chancy):
    done = ballast("plan", "growth", chancy, "--per-year", "50%", "--repetitions", "4", "--json")
    interval = json.loads(done.stdout)["interval"]
    assert interval["student"]["low"] <= interval["mean"] <= interval["student"]["high"]
    assert interval["bootstrap"]["low"] <= interval["mean"] <= interval["bootstrap"]["high"]


def test_ratio_has_both_intervals(chancy):
    many = ["--set", "clusters.prod.hosts.esx.cpu={cores: 80, mhz: 100}", "--set", "vms.web.vcpus=20"]
    words = ["plan", "ratio", chancy, *many, "--vary", "cpu", "--steps", "30", "--repetitions", "6", "--json"]
    words += ["--to", "3", "--from"]
    everything = json.loads(ballast(*words, "1.25").stdout)["claims"][0]["breaks_after"]
    student, bootstrap = everything["mean"], everything["bootstrap"]
    assert student["estimate"] == bootstrap["estimate"] and student["values"] == bootstrap["values"] == 6
    for interval in (student, bootstrap):
        assert interval["low"] < interval["estimate"] < interval["high"]
    # Of six values the bootstrap's is the narrower.
    assert student["low"] < bootstrap["low"] and bootstrap["high"] < student["high"]
    # Where a point lies outside the axis, there is no mean and neither interval.
    outside = json.loads(ballast(*words, "2.5").stdout)["claims"][0]["breaks_after"]
    assert outside["mean"] is None and outside["bootstrap"] is None


def test_what_can_never_hold_is_exit_1(estate):
    done = ballast("plan", "hosts", estate, "--set", "vms.web.cpu.limit=100MHz", "--quiet")
    assert done.returncode == 1
    assert done.stdout.startswith("no number of hosts is enough")


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["fit", "ESTATE", "--vm", "wbe"], 64, "no VM entry is called wbe"),
        (["hosts", "ESTATE", "--hosts", "gold"], 64, "prod.esx"),
        (["hosts", "nowhere.yaml"], 66, "nowhere.yaml"),
        (["hosts", "ESTATE", "--set", "vms.web.count=many"], 65, "count"),
        (["fit", "ESTATE", "--vm", "vcpus=0,memory=4GiB"], 65, "vcpus"),
        (["fit", "ESTATE", "--vm", "vcpus=4"], 64, "--vm vcpus=4 does not say memory; a new VM needs vcpus and memory"),
        (["fit", "ESTATE", "--vm", "cpu=5%"], 64, "--vm cpu=5% does not say vcpus and memory"),
        (["fit", "ESTATE", "--vm", "vcpus=2,vcpus=4,memory=4GiB"], 64, "--vm vcpus=2,vcpus=4,memory=4GiB: vcpus is there"),
        (["fit", "ESTATE", "--vm", "vcpus=2,memory=big"], 65, '--vm vcpus=2,memory=big: memory: "big" is not a size'),
        (["ratio", "ESTATE", "--from", "3", "--to", "2"], 64, "--from"),
        (["hosts", "ESTATE", "--out", "/nowhere/proof.yaml"], 74, "/nowhere/proof.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_said(estate, arguments, code, words):
    done = ballast("plan", *[estate if word == "ESTATE" else word for word in arguments], "--quiet")
    assert done.returncode == code
    assert words in done.stderr
    assert "--set vms.+" not in done.stderr


def test_a_new_vm_in_an_estate_of_two_clusters_needs_one_of_them(estate):
    two = ["--set", "clusters.+={name: dev, hosts: [{name: kvm, cpu: {cores: 8, mhz: 1000}, memory: 64GiB}]}"]
    two += ["--set", "vms.web.cluster=prod", "--quiet"]
    done = ballast("plan", "fit", estate, *two, "--vm", "vcpus=2,memory=4GiB")
    assert done.returncode == 64
    assert "does not say cluster; a new VM needs vcpus, memory and one of the clusters prod, dev" in done.stderr
    done = ballast("plan", "fit", estate, *two, "--vm", "vcpus=2,memory=4GiB,cluster=dev", "--most", "3")
    assert done.returncode == 0


def test_a_file_that_exists_is_refused_before_any_work(estate, tmp_path):
    """The scenario itself, too. A question of a year on 1,000 hosts would take longer than a test may."""
    before = estate.read_text()
    size = ["--set", "duration=365d", "--set", "clusters.prod.hosts.esx.count=1000"]
    for question in (["hosts"], ["fit", "--vm", "web"], ["ratio"], ["limits"], ["growth", "--per-year", "9%"], ["sensitivity"]):
        done = ballast("plan", question[0], estate, *question[1:], *size, "--out", estate)
        assert (done.returncode, done.stdout) == (74, "")
        assert "exists; --force replaces it" in done.stderr
    assert estate.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["estate.yaml"]


def test_force_replaces_a_proof(estate, tmp_path):
    proof = tmp_path / "proof.yaml"
    proof.write_text("an older one")
    assert ballast("plan", "hosts", estate, "--out", proof, "--force", "--quiet").returncode == 0
    assert ballast("validate", proof).returncode == 0


def test_versus_proves_nothing_and_writes_nothing(estate, tmp_path):
    done = ballast("plan", "versus", estate, estate, "--out", tmp_path / "v.yaml")
    assert (done.returncode, done.stdout) == (64, "")
    assert "--out" in done.stderr


def test_an_answer_without_a_proof_is_printed(estate, tmp_path):
    proof = tmp_path / "proof.yaml"
    done = ballast("plan", "hosts", estate, "--set", "vms.web.cpu.limit=100MHz", "--out", proof)
    assert done.returncode == 1
    assert done.stdout.startswith("no number of hosts is enough: even with 20, one per VM, cpu_ready")
    assert "proof.yaml is not written: no scenario proves this answer" in done.stderr
    assert not proof.exists()


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
def test_an_answer_outlives_a_file_that_cannot_be_written(estate, flags):
    done = ballast("plan", "hosts", estate, "--out", "/nowhere/proof.yaml", *flags)
    assert done.returncode == 74
    assert "2 hosts of prod.esx are enough" in done.stdout
    assert "cannot write /nowhere/proof.yaml" in done.stderr


def test_a_default_range_ends_where_scenarios_do(estate):
    """One host cannot keep one for failures: the step is left out, the others are the answer."""
    failover = ["--set", "policies={admission: strict, failover: {policy: percentage, tolerate: 1}}"]
    done = ballast("plan", "ratio", estate, *failover, "--to", "20", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["steps"] == [5, 6.667, 10]
    assert [left["ratio"] for left in answer["left_out"]] == [20]
    assert "failover" in answer["left_out"][0]["reason"]


def test_a_limit_keeps_the_reservation(estate):
    gold = ["--set", "vms.web.cpu.reservation=800MHz"]
    done = ballast("plan", "limits", estate, *gold)
    assert "web 800MHz (with its reservation of 800MHz)" in done.stdout


def test_reservations_above_a_limit_are_not_tried_and_that_is_said(estate):
    """Of ten steps of 200 MHz, reservations from 1200 MHz up are above a limit of 1000 MHz."""
    words = ["plan", "limits", estate, "--steps", "10"]
    done = ballast(*words, "--set", "vms.web.cpu.limit=1000MHz")
    assert "; reservation from 0; reservations above its limit of 1000MHz are not possible" in done.stdout
    # Nor do those below it help a VM that wants more than its limit.
    wanting = ["--set", "vms.web.cpu.limit=600MHz", "--set", "expect=[{metric: cpu_used_mhz, of: {vms: web-0}, statistic: mean, at_least: 700}]"]
    done = ballast(*words, *wanting)
    assert "; no reservation that its limit allows holds; reservations above its limit of 600MHz" in done.stdout
    [entry] = json.loads(ballast(*words, *wanting, "--json").stdout)["entries"]
    assert (entry["limit_written"], entry["reservations_above_limit"]) == ("600MHz", 7)
    [entry] = json.loads(ballast(*words, "--json").stdout)["entries"]
    assert (entry["limit_written"], entry["reservations_above_limit"]) == (None, 0)


def test_versus_uses_common_chance(chancy, tmp_path):
    """The same scenario twice: every difference is exactly zero, whatever chance does."""
    done = ballast("plan", "versus", chancy, chancy, "--repetitions", "3", "--quiet")
    assert "no figure differs by more than noise" in done.stdout


def test_compare_runs(chancy, tmp_path):
    for name, extra in [("a", []), ("b", ["--set", "assume.cpu_demand=120%"])]:
        assert ballast("run", chancy, *extra, "--out", tmp_path / name, "--quiet").returncode in (0, 1)
    page = tmp_path / "compare.html"
    done = ballast("compare", tmp_path / "a", tmp_path / "b", "--html", page, "--json")
    rows = json.loads(done.stdout)["rows"]
    marks = [row["outside_noise"] for row in rows]
    assert marks == sorted(marks, reverse=True) and marks[0]
    used = [row for row in rows if row["metric"] == "cpu_used_mhz" and row["kind"] == "host"]
    assert len(used) == 4 and all(row["difference"] > 0 for row in used)
    assert "Both on one axis" in page.read_text() and "://" not in page.read_text()
    # A page that is there stays, and nothing is compared; --force replaces it.
    page.write_text("mine")
    done = ballast("compare", tmp_path / "a", tmp_path / "b", "--html", page)
    assert (done.returncode, done.stdout, page.read_text()) == (74, "", "mine")
    assert "exists; --force replaces it" in done.stderr
    assert ballast("compare", tmp_path / "a", tmp_path / "b", "--html", page, "--force").returncode == 0
    assert "Both on one axis" in page.read_text()
    same = ballast("compare", tmp_path / "a", tmp_path / "a")
    assert same.stdout.startswith("0 of ")


def test_compare_needs_two_of_a_kind(tmp_path):
    assert ballast("compare", tmp_path, tmp_path).returncode == 66


def sweep(scenario, directory, seeds, *more):
    text = scenario.read_text() + f"sweep: {{vms.web.count: [20, 30], seed: {seeds}}}\n"
    path = directory.with_suffix(".yaml")
    path.write_text(text)
    assert ballast("sweep", "run", path, "--out", directory, *more, "--quiet").returncode == 0
    return directory


def compared(a, b):
    done = ballast("compare", a, b, "--json")
    assert done.returncode == 0
    return json.loads(done.stdout)


def test_compare_pairs_sweeps_by_seed(chancy, tmp_path):
    """The same scenario with three seeds and with five, in another order: the three are the same runs."""
    three = sweep(chancy, tmp_path / "three", [1, 2, 3])
    five = sweep(chancy, tmp_path / "five", [5, 3, 2, 1, 4])
    answer = compared(three, five)
    assert answer["outside_noise"] == 0
    assert all(row["difference"] == 0 and row["low"] == row["high"] == 0 for row in answer["rows"])
    assert answer["notes"] == ["the 3 repetitions that both have are compared; left out: 2 that only B has"]
    # More demand is seen at once: chance falls out of the pairs.
    more = sweep(chancy, tmp_path / "more", [3, 4, 5], "--set", "assume.cpu_demand=101%")
    rows = {(row["metric"], row["entity"]): row for row in compared(five, more)["rows"]}
    assert rows["cpu_used_pct", "20"]["outside_noise"] and 0 < rows["cpu_used_pct", "20"]["low"] < 1


def test_compare_takes_other_seeds_for_two_samples(chancy, tmp_path):
    one = sweep(chancy, tmp_path / "one", [1, 2, 3])
    other = sweep(chancy, tmp_path / "other", [4, 5, 6, 7])
    answer = compared(one, other)
    assert answer["notes"] == [
        "A has 3 and B has 4 repetitions, none in common: they are compared as two independent samples, not pairwise"]
    used = next(row for row in answer["rows"] if row["metric"] == "cpu_used_pct")
    assert used["low"] < used["difference"] < used["high"]
    # One repetition beside three has no spread.
    single = compared(one, sweep(chancy, tmp_path / "single", [9]))
    assert single["outside_noise"] == 0 and all(row["low"] is None for row in single["rows"])
    assert "A has 3 and B has 1 repetitions, none in common: noise cannot be told" in single["notes"][0]
