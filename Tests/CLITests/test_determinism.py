"""The same question gives the same bytes, whatever else is different."""

import os
import random
import subprocess

import pytest
import yaml

from ballast_runs import FIXTURES, MIXED, PROJECT, SMALL, ballast, load_yaml, read_run, run, same_csv, write


def same(directory, other):
    assert same_csv(directory, other) == []
    first, second = read_run(directory), read_run(other)
    first.pop("wall_s"), second.pop("wall_s")
    assert first == second


def test_two_runs_are_equal(tmp_path, mixed, mixed_run):
    run(mixed, tmp_path / "again", "--quiet")
    same(tmp_path / "again", mixed_run)
    assert (tmp_path / "again/report.html").read_bytes() == (mixed_run / "report.html").read_bytes()


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_change_nothing(tmp_path, threads):
    """Seven hosts on up to seven threads, so that every split of the hosts is met."""
    scenario = MIXED.replace("name: esx, count: 2", "name: esx, count: 7").replace("count: 6", "count: 40")
    path = write(tmp_path / "wide.yaml", scenario)
    run(path, tmp_path / "one", "--quiet")
    run(path, tmp_path / "many", "--quiet", "--threads", threads)
    same(tmp_path / "one", tmp_path / "many")


def reordered(seed):
    """MIXED with clusters, hosts, pools, VMs and expectations in another order; events keep theirs, which has a meaning."""
    shuffle = random.Random(seed).shuffle
    scenario = load_yaml(MIXED)
    shuffle(scenario["vms"])
    shuffle(scenario["clusters"])
    for cluster in scenario["clusters"]:
        shuffle(cluster.get("pools", []))
    keys = list(scenario)
    shuffle(keys)
    return yaml.safe_dump({key: scenario[key] for key in keys}, allow_unicode=True, sort_keys=False)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_the_file_does_not_matter(tmp_path, mixed_run, seed):
    run(write(tmp_path / "mixed.yaml", reordered(seed)), tmp_path / "out", "--quiet")
    assert same_csv(tmp_path / "out", mixed_run) == []
    assert read_run(tmp_path / "out")["digest"] == read_run(mixed_run)["digest"]


def test_hosts_listed_one_by_one_in_another_order(tmp_path):
    host = "{name: esx-%d, cpu: {cores: 4, mhz: 2000}, memory: 32GiB}"
    texts = [
        SMALL.replace("{name: esx, cpu: {cores: 4, mhz: 2000}, memory: 32GiB}", ", ".join(host % k for k in order))
        for order in ([0, 1, 2], [2, 0, 1])
    ]
    for name, text in zip("ab", texts):
        run(write(tmp_path / f"{name}.yaml", text.replace("count: 3", "count: 9")), tmp_path / name, "--quiet")
    assert same_csv(tmp_path / "a", tmp_path / "b") == []


def test_the_order_of_files_in_a_folder_does_not_matter(tmp_path):
    scenario = SMALL.replace("{constant: 50%}", "{trace: t}").replace(
        "vms:\n", "traces: {t: {path: traces, format: planetlab, at_end: repeat}}\nvms:\n")
    names = sorted(path.name for path in (FIXTURES / "traces/planetlab").iterdir())
    for folder, order in (("a", names), ("b", names[::-1]), ("c", names[1:] + names[:1])):
        (tmp_path / folder / "traces").mkdir(parents=True)
        for name in order:
            content = (FIXTURES / "traces/planetlab" / name).read_bytes()
            (tmp_path / folder / "traces" / name).write_bytes(content)
        run(write(tmp_path / folder / "s.yaml", scenario), tmp_path / folder / "out", "--quiet")
    assert same_csv(tmp_path / "a/out", tmp_path / "b/out") == []
    assert same_csv(tmp_path / "a/out", tmp_path / "c/out") == []


def available_locales():
    found = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    # Turkish changes case, German the decimal point; a name that is not installed is still worth setting.
    return sorted({"C", "tr_TR.UTF-8", "de_DE.UTF-8", "POSIX", *found[:5]})


@pytest.mark.parametrize("name", available_locales())
def test_the_locale_does_not_matter(tmp_path, mixed, mixed_run, name):
    run(mixed, tmp_path / "out", "--quiet", env={**os.environ, "LC_ALL": name, "LANG": name, "LANGUAGE": "tr"})
    same(tmp_path / "out", mixed_run)
    assert (tmp_path / "out/report.html").read_bytes() == (mixed_run / "report.html").read_bytes()


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "UTC", "nonsense"])
def test_the_time_zone_does_not_matter(tmp_path, mixed, mixed_run, zone):
    run(mixed, tmp_path / "out", "--quiet", env={**os.environ, "TZ": zone})
    same(tmp_path / "out", mixed_run)


def test_the_environment_does_not_matter(tmp_path, mixed, mixed_run):
    """Without HOME, PATH or anything else; GSL_RNG_SEED would change GSL's own generators."""
    run(mixed, tmp_path / "out", "--quiet", env={"GSL_RNG_SEED": "42", "GSL_RNG_TYPE": "taus"})
    same(tmp_path / "out", mixed_run)


def test_the_working_directory_does_not_matter(tmp_path, mixed, mixed_run):
    (tmp_path / "elsewhere").mkdir()
    run("../mixed.yaml", "../out", "--quiet", cwd=tmp_path / "elsewhere")
    same(tmp_path / "out", mixed_run)


def test_paths_start_at_the_scenario(tmp_path):
    """A relative trace is found from any working directory."""
    scenario = SMALL.replace("{constant: 50%}", "{trace: t}").replace(
        "vms:\n", f"traces: {{t: {{path: {os.path.relpath(FIXTURES / 'traces/planetlab', tmp_path)}}}}}\nvms:\n")
    path = write(tmp_path / "s.yaml", scenario.replace("duration: 1h", "duration: 30m"))
    for name, folder in (("a", tmp_path), ("b", PROJECT), ("c", "/")):
        run(path, tmp_path / name, "--quiet", cwd=folder)
    assert same_csv(tmp_path / "a", tmp_path / "b") == same_csv(tmp_path / "a", tmp_path / "c") == []


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path, mixed_run):
    (tmp_path / "mixed.yaml").write_bytes(b"\xef\xbb\xbf" + MIXED.replace("\n", "\r\n").encode())
    run(tmp_path / "mixed.yaml", tmp_path / "out", "--quiet")
    assert same_csv(tmp_path / "out", mixed_run) == []


def test_the_digest_does_not_depend_on_what_is_recorded(tmp_path):
    path = write(tmp_path / "few.yaml", MIXED + "record: {vms: [web]}\n")
    done = ballast("run", path, "--out", tmp_path / "few", "--quiet", "--verify")
    assert done.returncode == 0, done.stderr
