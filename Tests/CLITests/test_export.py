"""export: a run as SQLite and as esxtop's wide CSV; both say what the CSV files say."""

import csv
import json
import sqlite3

import pytest

from ballast_runs import ballast, load_yaml, read_csv, read_run, run, write

NUMBERS = {"hosts.csv": "cpu_used_mhz", "vms.csv": "mem_consumed_mib", "pools.csv": "cpu_entitled_mhz"}


@pytest.fixture(scope="module")
def database(mixed_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "run.db"
    done = ballast("export", mixed_run, "--sqlite", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}\n"
    return sqlite3.connect(path)


def test_every_csv_file_is_a_table_with_its_rows(mixed_run, database):
    for name in ["hosts.csv", "vms.csv", "vms-summary.csv", "pools.csv", "events.csv"]:
        header, rows = read_csv(mixed_run, name)
        table = name.removesuffix(".csv").replace("-", "_")
        shape = database.execute(f"PRAGMA table_info({table})").fetchall()
        assert [column[1] for column in shape] == header
        stored = database.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
        assert len(stored) == len(rows)
        for row, cells in zip(rows, stored):
            for column, (key, text) in enumerate(row.items()):
                value = cells[column]
                if shape[column][2] == "TEXT":
                    assert value == (text or None), (name, key)
                else:
                    assert value == (float(text) if text else None), (name, key)


def test_types_say_what_is_a_count(database):
    types = {row[1]: row[2] for row in database.execute("PRAGMA table_info(hosts)")}
    assert types["host"] == "TEXT" and types["vms"] == "INTEGER" and types["cpu_used_mhz"] == "REAL"


def test_times_and_names_are_indexed(database):
    indexed = {(row[0], row[1]) for row in database.execute(
        "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")}
    assert {("vms", "vms_time_s"), ("vms", "vms_vm"), ("hosts", "hosts_host"), ("events", "events_subject")} <= indexed


def test_the_run_itself_is_in_it(mixed_run, database):
    stated = read_run(mixed_run)
    assert dict(database.execute("SELECT * FROM run"))["digest"] == stated["digest"]
    figures = {f["name"]: f["value"] for f in stated["summary"]}
    assert dict(database.execute("SELECT name, value FROM summary")) == figures
    assert [met for (met,) in database.execute("SELECT met FROM expectations")] == [
        int(e["met"]) for e in stated["expectations"]]
    units = dict(database.execute("SELECT name, unit FROM columns WHERE file = 'vms.csv'"))
    assert units["cpu_used_mhz"] == "MHz"


def test_sql_adds_up_as_the_csv_file_does(mixed_run, database):
    for name, column in NUMBERS.items():
        _, rows = read_csv(mixed_run, name)
        expected = sum(float(row[column] or 0) for row in rows)
        [(total,)] = database.execute(f"SELECT sum({column}) FROM {name.removesuffix('.csv')}")
        assert abs(total - expected) < 1e-3


def test_a_merged_sweep_becomes_one_table(tmp_path):
    write(tmp_path / "results.csv", 'unit,vms.web.count,hypervisor,cpu_used_pct\nu1,40,esxi,50.125\nu2,60,"k,vm",\n')
    done = ballast("export", tmp_path, "--sqlite", tmp_path / "sweep.db")
    assert done.returncode == 0, done.stderr
    rows = sqlite3.connect(tmp_path / "sweep.db").execute("SELECT * FROM results").fetchall()
    assert rows == [("u1", 40.0, "esxi", 50.125), ("u2", 60.0, "k,vm", None)]


def esxtop(path):
    """Header and rows of numbers, None for an empty cell."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[0] == "(PDH-CSV 4.0) (UTC)(0)" and all(len(row) == len(header) for row in rows)
    return header, rows


@pytest.fixture(scope="module")
def wide(mixed_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("esxtop") / "wide.csv"
    done = ballast("export", mixed_run, "--format", "esxtop", "--out", path)
    assert done.returncode == 0, done.stderr
    return path


def test_esxtop_counters_are_the_runs_figures(mixed_run, wide):
    header, rows = esxtop(wide)
    _, vms = read_csv(mixed_run, "vms.csv")
    _, hosts = read_csv(mixed_run, "hosts.csv")
    times = sorted({float(row["time_s"]) for row in hosts})
    assert len(rows) == len(times)
    assert rows[0][0] == "01/01/1970 00:05:00" and rows[-1][0] == "01/01/1970 01:56:40"
    at = {name: index for index, name in enumerate(header)}
    ids = {name: number for number, name in enumerate(sorted({row["vm"] for row in vms}, key=str.encode), start=1)}
    clock = {"esx-0": 2600, "esx-1": 2600, "lab": 1999}
    for row in vms:
        if not row["host"]:
            continue
        line = rows[times.index(float(row["time_s"]))]
        group = f"{ids[row['vm']]}:{row['vm']}"

        def cell(counter):
            return line[at[f"\\\\{row['host']}\\{counter}"]]

        used = float(row["cpu_used_mhz"]) / clock[row["host"]] * 100
        assert abs(float(cell(f"Group Cpu({group})\\% Used")) - used) < 0.0051
        ready = float(row["cpu_ready_ms"]) / float(row["interval_s"]) / 10
        assert abs(float(cell(f"Group Cpu({group})\\% Ready")) - ready) < 0.0051
        size = float(cell(f"Group Memory({group})\\Memory Size MBytes"))
        assert abs(size - float(row["mem_configured_mib"])) < 0.0051
        # What is not modelled is empty, never 0.
        assert cell(f"Group Cpu({group})\\% CoStop") == ""
    for row in hosts:
        line = rows[times.index(float(row["time_s"]))]
        used = float(line[at[f"\\\\{row['host']}\\Physical Cpu(_Total)\\% Processor Time"]])
        assert abs(used - float(row["cpu_used_pct"])) < 0.0051


def test_an_esxtop_export_can_be_imported_again(mixed_run, wide, tmp_path):
    done = ballast("import", "esxtop", wide, "--out", tmp_path / "again.yaml", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    vms = {vm["name"]: vm for vm in load_yaml((tmp_path / "again.yaml").read_text())["vms"]}
    assert set(vms) == {row["vm"] for row in read_csv(mixed_run, "vms.csv")[1]}
    assert vms["web-0"]["vcpus"] == 4 and vms["web-0"]["memory"] == "4GiB" and report["vms"] == len(vms)
    assert ballast("validate", tmp_path / "again.yaml").returncode == 0


def test_usage_and_files_in_the_way(small, tmp_path):
    run(small, tmp_path / "run", "--quiet")
    assert ballast("export", tmp_path / "run").returncode == 64
    assert ballast("export", tmp_path / "run", "--format", "esxtop").returncode == 64
    assert ballast("export", tmp_path / "run", "--format", "parquet", "--out", "x").returncode == 64
    assert ballast("export", tmp_path / "none", "--sqlite", tmp_path / "x.db").returncode == 66
    assert ballast("export", tmp_path, "--sqlite", tmp_path / "x.db").returncode == 66
    there = write(tmp_path / "there.db", "mine")
    done = ballast("export", tmp_path / "run", "--sqlite", there)
    assert done.returncode == 74 and there.read_text() == "mine"
    assert ballast("export", tmp_path / "run", "--sqlite", there, "--force").returncode == 0
    assert there.read_bytes().startswith(b"SQLite format 3")
    assert ballast("export", tmp_path / "run", "--sqlite", tmp_path / "no" / "x.db").returncode == 74
    assert not list(tmp_path.glob("*.partial"))


def test_half_a_run_is_no_database(small, tmp_path):
    run(small, tmp_path / "run", "--quiet")
    vms = tmp_path / "run" / "vms.csv"
    vms.write_bytes(vms.read_bytes()[:-10])
    done = ballast("export", tmp_path / "run", "--sqlite", tmp_path / "x.db")
    assert done.returncode == 65 and "vms.csv" in done.stderr
    assert not (tmp_path / "x.db").exists() and not (tmp_path / "x.db.partial").exists()
