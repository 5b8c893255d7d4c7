"""What the black-box tests share: the command, a few scenarios, and readers that know nothing of Ballast's own code."""

import json
import os
import pathlib
import re
import subprocess
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import gcd

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BALLAST = os.environ.get("BALLAST", str(PROJECT / ".build/debug/ballast"))
FIXTURES = PROJECT / "Tests/Fixtures"
CSV_FILES = ["events.csv", "hosts.csv", "pools.csv", "vms-summary.csv", "vms.csv"]

# Generous: it only has to end a test that would hang.
TIMEOUT = 120


def ballast(*arguments, cwd=None, **options):
    """Runs the command and returns it ended, with text in stdout and stderr."""
    command = [BALLAST, *map(str, arguments)]
    options.setdefault("timeout", TIMEOUT)
    options.setdefault("text", True)
    if "stdout" not in options:
        options["capture_output"] = True
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, cwd=cwd, **options)


def run(scenario, out, *arguments, code=0, **options):
    """`ballast run`; fails with what the command said when it ends with another code."""
    done = ballast("run", scenario, "--out", out, *arguments, **options)
    assert done.returncode == code, done.stderr
    return done


def scenario_names():
    """The example scenarios, as paths in the project."""
    return sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "scenarios").rglob("*.yaml"))


def uses_published_traces(name):
    """Whether a scenario, or one it imports, reads traces behind $BALLAST_TRACES."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    imports = [line.removeprefix("import:").strip() for line in text.splitlines() if line.startswith("import:")]
    folder = (PROJECT / name).parent.relative_to(PROJECT)
    return "$BALLAST_TRACES" in text or any(uses_published_traces(folder / file) for file in imports)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def same_csv(first, second):
    """The names of the CSV files that differ between two run directories."""
    return [
        name for name in CSV_FILES
        if (pathlib.Path(first) / name).read_bytes() != (pathlib.Path(second) / name).read_bytes()
    ]


def read_run(directory):
    return json.loads((pathlib.Path(directory) / "run.json").read_text(encoding="utf-8"))


# --- YAML ---------------------------------------------------------------------------------------------------------


class PlainLoader(yaml.SafeLoader):
    """YAML as Ballast reads it: no sexagesimals (1:30), no dates, and only true and false are booleans."""


PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))


def load_yaml(text):
    return yaml.load(text, Loader=PlainLoader)


# --- CSV, strictly by RFC 4180 -----------------------------------------------------------------------------------


def parse_csv(text):
    """Rows of cells. Stricter than the csv module: LF only, quotes only where RFC 4180 has them, a line end at the end."""
    assert text.endswith("\n"), "the last line has no line end"
    rows, row, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            cell, at = "", at + 1
            while True:
                end = text.index('"', at)
                cell += text[at:end]
                at = end + 1
                if text[at] != '"':
                    break
                cell, at = cell + '"', at + 1
        else:
            end = at
            while text[end] not in ',\n':
                assert text[end] not in '"\r', f"a bare {text[end]!r} in row {len(rows) + 1}"
                end += 1
            cell, at = text[at:end], end
        row.append(cell)
        assert text[at] in ",\n", f"text after a closing quote in row {len(rows) + 1}"
        if text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    return rows


def read_csv(directory, name):
    """Header and rows, each row a dict."""
    data = (pathlib.Path(directory) / name).read_bytes()
    header, *rows = parse_csv(data.decode("utf-8"))
    for number, row in enumerate(rows, start=2):
        assert len(row) == len(header), f"{name}:{number}: {len(row)} cells under {len(header)} columns"
    return header, [dict(zip(header, row)) for row in rows]


# --- Statistics, computed the slow way ----------------------------------------------------------------------------


def rounded(value):
    """Three decimals, half away from zero."""
    value = Fraction(value)
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)


def statistic(name, cells, weights):
    """`mean`, `min`, `max`, `sum`, `last` or `pNN` of cells, each as long as its weight says."""
    cells = [Fraction(cell) for cell in cells]
    weights = [int(Fraction(weight) * 1000) for weight in weights]
    if name == "mean":
        return rounded(sum(c * w for c, w in zip(cells, weights)) / sum(weights))
    if name == "min":
        return rounded(min(cells))
    if name == "max":
        return rounded(max(cells))
    if name == "sum":
        return rounded(sum(cells))
    if name == "last":
        return rounded(cells[-1])
    # Every value as often as its weight says, then linear between the two ranks around p · (n − 1).
    unit = gcd(*weights)
    repeated = sorted(cell for cell, weight in zip(cells, weights) for _ in range(weight // unit))
    rank = Fraction(name[1:]) / 100 * (len(repeated) - 1)
    low = int(rank)
    high = min(low + 1, len(repeated) - 1)
    return rounded(repeated[low] + (repeated[high] - repeated[low]) * (rank - low))


# --- Scenarios ----------------------------------------------------------------------------------------------------

SMALL = """\
ballast: 1
name: small
duration: 1h
clusters:
  - name: prod
    hosts: [{name: esx, cpu: {cores: 4, mhz: 2000}, memory: 32GiB}]
vms:
  - {name: web, count: 3, vcpus: 2, memory: 4GiB, workload: {cpu: {constant: 50%}}}
"""

# Two clusters, nested pools, every kind of workload that needs no trace, VMs that come and go, settings that change, a
# last sample that is shorter, contention on CPU, overcommitted memory, and names that need thought.
MIXED = """\
ballast: 1
name: mixed
seed: 7
duration: 7000s
clusters:
  - name: prod
    hosts:
      - {name: esx, count: 2, cpu: {sockets: 2, cores: 4, threads: 2, mhz: 2600}, memory: 64GiB}
    pools:
      - name: gold
        cpu: {reservation: 10GHz, shares: high}
        memory: {reservation: 16GiB, shares: high}
        pools:
          - {name: web, cpu: {limit: 14GHz}}
      - {name: bronze, cpu: {shares: low}}
  - name: lab
    hosts: [{name: lab, cpu: {cores: 3, mhz: 1999}, memory: 16GiB}]
vms:
  - name: web
    count: 5
    cluster: prod
    pool: gold/web
    vcpus: 4
    memory: 4GiB
    workload:
      cpu: {random: {distribution: lognormal, mean: 45%, sd: 35%, correlation: 15m}}
      memory: {active: 35%, touched: 80%}
  - name: db
    count: 2
    cluster: prod
    pool: gold
    vcpus: 8
    memory: 12GiB
    cpu: {reservation: 2GHz, shares: high}
    memory_policy: {reservation: 4GiB}
    workload: {cpu: {steps: {0s: 10%, 20m: 90%, 33m: 40%}}, memory: {active: 60%}}
  - name: batch
    count: 6
    cluster: prod
    pool: bronze
    vcpus: 2
    memory: 4GiB
    cpu: {limit: 4GHz}
    workload: {cpu: {square: {period: 17m, duty: 60%, high: 100%, low: 5%}}}
  - name: night shift
    cluster: prod
    vcpus: 2
    memory: 2GiB
    start: 1h
    stop: 100m
    workload: {cpu: 80%}
  - name: zähler
    count: 3
    cluster: lab
    vcpus: 2
    memory: 8GiB
    workload: {cpu: {diurnal: {mean: 60%, amplitude: 40%, peak: 1h}}, memory: {active: 90%}}
events:
  - {at: 30m, set: {vm: batch, cpu: {limit: 3GHz}}}
  - {at: 40m, set: {pool: gold, cpu: {reservation: 5GHz}}}
  - {at: 50m, power: {vm: db-1, state: off}}
  - {at: 77m, power: {vm: db-1, state: on}}
  - {at: 80m, set: {vm: zähler-0, workload: {cpu: {constant: 90%}}}}
expect:
  - {metric: cpu_ready_pct_per_vcpu, of: {vms: web-*}, statistic: p95, at_most: 1000}
  - {metric: cpu_ready_pct_per_vcpu, of: {vms: batch}, statistic: p99.9, at_most: 1000}
  - {metric: cpu_used_mhz, of: {vms: [db, web-1]}, statistic: mean, at_least: 0}
  - {metric: cpu_used_mhz, of: {vms: db-1}, statistic: last, at_least: 0}
  - {metric: cpu_used_mhz, of: {vms: night shift}, statistic: min, at_least: 0}
  - {metric: cpu_demand_mhz, of: {pools: gold}, statistic: p50, at_least: 0}
  - {metric: cpu_ready_ms, of: {vms: batch}, statistic: sum, at_most: 1000000000}
  - {metric: cpu_used_pct, of: {hosts: esx}, statistic: p75, at_most: 1000}
  - {metric: cpu_used_pct, of: {hosts: lab}, statistic: max, at_most: 1000}
  - {metric: mem_free_mib, of: {hosts: "*"}, statistic: min, at_least: -100000}
  - {metric: cpu_entitled_mhz, of: {pools: gold/web}, statistic: mean, at_least: 0}
  - {metric: cpu_used_mhz, of: {pools: bronze}, statistic: p95, at_least: 0}
  - {metric: cpu_used_mhz, of: {vms: "*"}, statistic: p90, over: pooled, at_least: 0}
  - {metric: cpu_used_mhz, of: {vms: zähler}, statistic: mean, over: pooled, at_most: 100000}
  - {metric: consolidation_ratio, at_least: 0}
  - {metric: admitted, of: {vms: web-4}, equals: true}
"""

# 40 hosts whose VMs change all the time: minutes of work, so that a signal arrives in the middle.
LONG = """\
ballast: 1
name: long
duration: 365d
interval: 5m
clusters:
  - name: prod
    hosts: [{name: esx, count: 40, cpu: {cores: 8, mhz: 2000}, memory: 64GiB}]
vms:
  - name: web
    count: 200
    vcpus: 4
    memory: 4GiB
    workload: {cpu: {random: {distribution: uniform, mean: 50%, sd: 20%}}}
record: {vms: summary}
"""
