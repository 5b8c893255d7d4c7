"""import: what other tools exported becomes a scenario that runs, with a report of what happened on the way."""

import json
import os
import pathlib
import struct
import zipfile

import pytest

from ballast_runs import ballast, load_yaml, read_run, run, write
from workbooks import CPU, ESTATE, HOST, INFO, MEMORY, ROOT, folder, sheet_xml, workbook

PUBLISHED = os.environ.get("BALLAST_TRACES")
published = pytest.mark.skipif(not PUBLISHED, reason="published exports are not here ($BALLAST_TRACES)")
RVTOOLS = pathlib.Path(PUBLISHED or ".") / "rvtools"


def imported(form, path, out, *options, code=0):
    """The scenario as YAML, and the report."""
    done = ballast("import", form, path, "--out", out, "--json", "--force", *options)
    assert done.returncode == code, done.stderr
    if code:
        assert done.stdout == ""
        return None, done.stderr
    valid = ballast("validate", out)
    assert valid.returncode == 0, valid.stderr
    return load_yaml(out.read_text()), json.loads(done.stdout)


def sentences(report, kind):
    return [remark["what"] for remark in report["remarks"] if remark["kind"] == kind]


def by_name(scenario):
    return {vm["name"]: vm for vm in scenario["vms"]}


@pytest.fixture
def estate(tmp_path):
    workbook(ESTATE, tmp_path / "site.xlsx")
    return tmp_path / "site.xlsx"


# --- RVTools ------------------------------------------------------------------------------------------------------


def test_a_workbook_becomes_a_scenario(estate, tmp_path):
    scenario, report = imported("rvtools", estate, tmp_path / "site.yaml")
    assert report["vms"] == 4 and report["vcpus"] == 15 and report["memory_mib"] == 8192 + 4096 + 32768 + 2048
    [cluster] = scenario["clusters"]
    assert [host["cpu"] for host in cluster["hosts"]] == [{"sockets": 2, "cores": 8, "threads": 2, "mhz": 2500}] * 2
    assert cluster["pools"] == [{
        "name": "gold", "cpu": {"reservation": "6000MHz", "shares": 8000},
        "memory": {"reservation": "8GiB", "limit": "64GiB", "shares": 327680, "expandable": False},
        "pools": [{"name": "inner"}],
    }]
    vms = by_name(scenario)
    # 2500 of 4 × 2500 MHz; 2048 of 8192 MiB active, 6144 touched.
    assert vms["web"] == {
        "name": "web", "pool": "gold", "host": "esx1.example.org", "vcpus": 4, "memory": "8GiB", "cpu": {"shares": 4000},
        "memory_policy": {"shares": 81920}, "workload": {"cpu": "25%", "memory": {"active": "25%", "touched": "75%"}}}
    assert vms["app"]["cpu"] == {"reservation": "1000MHz", "limit": "4000MHz", "shares": 4000}
    assert vms["app"]["pool"] == "gold/inner"
    assert vms["db"]["memory_policy"] == {"reservation": "16GiB", "shares": 327680}
    assert "a template" in sentences(report, "ignored")
    assert any("powered off" in text for text in sentences(report, "ignored"))
    assert sentences(report, "contradiction") == []


def test_the_scenario_runs_and_its_figures_are_the_exports(estate, tmp_path):
    imported("rvtools", estate, tmp_path / "site.yaml")
    run(tmp_path / "site.yaml", tmp_path / "run", "--quiet")
    figures = {figure["name"]: figure["value"] for figure in read_run(tmp_path / "run")["summary"]}
    # 2500 + 500 + 10000 + 25 MHz of 2 × 16 × 2500.
    assert abs(figures["cpu_used_pct"] - 13025 / 80000 * 100) < 0.01
    assert figures["vms"] == 4 and figures["hosts"] == 2


def test_the_same_export_gives_the_same_scenario_as_workbook_and_as_csv(estate, tmp_path):
    expected = ballast("import", "rvtools", estate, "--name", "site")
    assert expected.returncode == 0 and "ballast: 1\n" in expected.stdout
    inline = tmp_path / "inline.xlsx"
    workbook(ESTATE, inline, inline=True)
    stored = tmp_path / "stored.xlsx"
    workbook(ESTATE, stored, method=zipfile.ZIP_STORED)
    german = folder(ESTATE, tmp_path / "german", ";", "utf-8-sig", lambda v: str(v).replace(".", ","))
    for path in [inline, stored, folder(ESTATE, tmp_path / "csv"), german,
                 folder(ESTATE, tmp_path / "utf16", "\t", "utf-16"), folder(ESTATE, tmp_path / "old", ";", "cp1252")]:
        done = ballast("import", "rvtools", path, "--name", "site")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1:] == expected.stdout.splitlines()[1:], path


def test_older_headings_mean_the_same(tmp_path):
    rows = [["VM Name", "Power State", "Template", "CPUs", "Memory (MB)", "Cluster", "Host"],
            ["a", "Powered On", "FALSE", "2", "1.024", "c", "h"]]
    scenario, _ = imported("rvtools", folder({"vInfo": rows}, tmp_path / "csv", ";"), tmp_path / "a.yaml")
    assert scenario["vms"][0]["vcpus"] == 2 and scenario["vms"][0]["memory"] == "1GiB"


def test_letters_of_windows_survive(tmp_path):
    rows = [INFO, ["größe–1", "poweredOn", "False", 1, 1024, ROOT, "DC", "prod", "h"]]
    scenario, report = imported(
        "rvtools", folder({"vInfo": rows}, tmp_path / "csv", ";", "cp1252"), tmp_path / "a.yaml")
    assert scenario["vms"][0]["name"] == "größe–1"
    assert "text that is not UTF-8" in sentences(report, "mended")


def changed(**tabs):
    return {**ESTATE, **tabs}


def test_contradictions_are_reported_with_their_place(tmp_path):
    sheets = changed(
        vCPU=[CPU, ["web", 6, 2500, "normal", 4000, 0, 0, 0, -1], ["gone", 1, 0, "normal", 1000, 0, 0, 0, -1]],
        vMemory=[MEMORY, ["db", 16384, 0, 0, 0, 0, 0, 0, 0, 0, -1]],
        vCluster=[ESTATE["vCluster"][0], ["prod", 3, 48, "False", "", "", "False", "", ""]],
        vHost=[HOST, [*ESTATE["vHost"][1][:8], 15, *ESTATE["vHost"][1][9:12], 3, 6, "False"]])
    workbook(sheets, tmp_path / "site.xlsx")
    scenario, report = imported("rvtools", tmp_path / "site.xlsx", tmp_path / "site.yaml")
    found = {(r["what"].split(";")[0], r["sheet"], r["row"]) for r in report["remarks"] if r["kind"] == "contradiction"}
    assert {
        ("vCPUs of vInfo and vCPU differ", "vCPU", 2), ("a VM that vInfo does not have", "vCPU", 3),
        ("memory of vInfo and vMemory differs", "vMemory", 2),
        ('"NumHosts" of a cluster is not the number of its usable rows in vHost', "vCluster", 2),
        ('"# CPU" × "Cores per CPU" is not "# Cores"', "vHost", 2),
        ('"# VMs" of a host is not the number of powered-on VMs of vInfo on it', "vHost", 2),
    } <= found
    # db and idle are on a host that vHost does not have any more: they stay, and are placed.
    assert sum("not among the export's usable hosts" in r["what"] for r in report["remarks"]) == 2
    assert by_name(scenario)["web"]["vcpus"] == 4 and "host" not in by_name(scenario)["db"]


def test_what_a_scenario_cannot_have_is_mended(tmp_path):
    info = [INFO, ["a/b", "poweredOn", "False", 2, 1024, ROOT, "DC", "prod", "ESX1.example.org"],
            ["a/b", "poweredOn", "False", "", 1024, ROOT, "DC", "prod", "esx1"],
            ["VM", "Powerstate", "Template", "CPUs", "Memory", "", "", "", ""],
            ["c", "poweredOn", "False", "x", 1024, ROOT, "DC", "prod", "esx1"],
            ["d", "gone fishing", "False", 1, 2048, ROOT, "DC", "prod", "esx1"]]
    cpu = [CPU, ["d", 1, 10, "custom", 77, 5000, 0, 0, 100]]
    workbook(changed(vInfo=info, vCPU=cpu, vMemory=[MEMORY]), tmp_path / "site.xlsx")
    scenario, report = imported("rvtools", tmp_path / "site.xlsx", tmp_path / "site.yaml")
    vms = by_name(scenario)
    assert set(vms) == {"a-b", "d"}
    assert vms["a-b"]["host"] == "esx1.example.org"
    # A reservation of 5 GHz for one vCPU of 2.5 GHz becomes 2.5 GHz, and the limit below it follows.
    assert vms["d"]["cpu"] == {"reservation": "2500MHz", "limit": "2500MHz", "shares": 77}
    assert "a placeholder row without a VM" in sentences(report, "ignored")
    assert any("no number" in text for text in sentences(report, "mended"))
    assert any("power state" in text for text in sentences(report, "mended"))


def test_unlimited_is_minus_one_and_zero_is_no_limit(tmp_path):
    cpu = [CPU, ["web", 4, 2500, "normal", 4000, 0, 0, 0, -1], ["db", 8, 100, "normal", 8000, 0, 0, 0, 0]]
    workbook(changed(vCPU=cpu), tmp_path / "site.xlsx")
    scenario, report = imported("rvtools", tmp_path / "site.xlsx", tmp_path / "site.yaml")
    assert "limit" not in by_name(scenario)["web"]["cpu"] and "limit" not in by_name(scenario)["db"]["cpu"]
    assert any("limit of 0" in text for text in sentences(report, "mended"))


def test_powered_off_vms_run_when_asked_for(estate, tmp_path):
    scenario, report = imported("rvtools", estate, tmp_path / "site.yaml", "--include-powered-off")
    assert report["vms"] == 5 and "old" in by_name(scenario)


def test_a_million_declared_rows_are_read_past(tmp_path):
    rows = [INFO] + [[f"vm-{n}", "poweredOn", "False", 2, 2048, ROOT, "DC", "prod", "h"] for n in range(9)]
    workbook({"vInfo": rows}, tmp_path / "big.xlsx", declared=1_000_000, blank='<row r="{row}" spans="1:9"/>')
    scenario, report = imported("rvtools", tmp_path / "big.xlsx", tmp_path / "big.yaml")
    assert len(scenario["vms"]) == 9
    [blank] = [r for r in report["remarks"] if "does not fill" in r["what"]]
    assert blank["detail"] == "999990"


def test_formulas_count_by_their_stored_value(tmp_path):
    info = [INFO, ["a", "poweredOn", "False", ("1+1", 2), ("8*256", 2048), ROOT, "DC", "prod", "h"],
            ["b", "poweredOn", "False", ("A1", None), 2048, ROOT, "DC", "prod", "h"]]
    workbook({"vInfo": info}, tmp_path / "f.xlsx")
    scenario, report = imported("rvtools", tmp_path / "f.xlsx", tmp_path / "f.yaml")
    assert [vm["name"] for vm in scenario["vms"]] == ["a"] and scenario["vms"][0]["memory"] == "2GiB"
    assert any("formulas without a stored value" in text for text in sentences(report, "mended"))


# --- Entitlements -------------------------------------------------------------------------------------------------


def test_entitlements_of_the_export_are_held_against_the_run(estate, tmp_path):
    imported("rvtools", estate, tmp_path / "site.yaml")
    run(tmp_path / "site.yaml", tmp_path / "run", "--quiet")
    done = ballast("compare", "--rvtools", estate, tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    rows = {row["theirs"]: row for row in answer["rows"]}
    # Nothing is scarce: entitlements follow demand, db > web > app > idle on both sides.
    assert abs(rows["vCPU Entitlement"]["rank_correlation"] - 1) < 1e-9
    assert rows["vCPU Entitlement"]["vms"] == 4 and rows["vCPU Entitlement"]["theirs_total"] == 14640
    assert rows["vMemory DRS Entitlement"]["rank_correlation"] > 0.7
    assert answer["missing_in_run"] == 0 and answer["missing_in_export"] == 0
    plain = ballast("compare", "--rvtools", estate, tmp_path / "run")
    assert "vCPU Entitlement and cpu_entitled_mhz: rank correlation 1.000 over 4 VMs" in plain.stdout


def test_an_export_without_entitlements_says_so(tmp_path, small):
    workbook({tab: ESTATE[tab] for tab in ["vInfo", "vHost"]}, tmp_path / "site.xlsx")
    run(small, tmp_path / "run", "--quiet")
    done = ballast("compare", "--rvtools", tmp_path / "site.xlsx", tmp_path / "run")
    assert done.returncode == 65 and "no entitlements" in done.stderr
    assert ballast("compare", "--rvtools", tmp_path / "site.xlsx", tmp_path / "none").returncode == 66
    assert ballast("compare", "--rvtools", tmp_path / "site.xlsx", "a", "b").returncode == 64


# --- Bad input ----------------------------------------------------------------------------------------------------


def encrypted_entry(data):
    """Sets the flag of encryption in every header of a zip."""
    data = bytearray(data)
    for mark, flag in [(b"PK\3\4", 6), (b"PK\1\2", 8)]:
        at = data.find(mark)
        while at >= 0:
            data[at + flag] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def bomb():
    """A sheet that says it holds almost nothing and unpacks to 100 MiB of blanks."""
    strings = {}
    text = sheet_xml(ESTATE["vInfo"], strings).replace("<sheetData>", "<sheetData>" + " " * (100 << 20))
    data = workbook({"vInfo": ESTATE["vInfo"]})
    import io
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = text.encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return target.getvalue()


SITE = workbook(ESTATE)
BAD = {
    "empty": (b"", "empty"),
    "half a zip": (SITE[: len(SITE) // 2], "cut or damaged"),
    "no end": (SITE[:-30], "cut or damaged"),
    "old Excel": (bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600), "encrypted, or of Excel 2003"),
    "encrypted entries": (encrypted_entry(SITE), "encrypted"),
    "damaged data": (SITE.replace(SITE[200:400], bytes(200)), ""),
    "a bomb": (bomb(), "unpacks from"),
    "no vInfo": (workbook({"vCPU": ESTATE["vCPU"]}), "no tab vInfo"),
    "no headings": (workbook({"vInfo": [["some", "thing"], ["x", "y"]]}), 'no column "VM"'),
    "no VMs": (workbook({"vInfo": [INFO]}), "no VM is left"),
    "not a table": (b"\x7fELF" + bytes(100), ""),
    "binary zip": (b"PK\3\4" + struct.pack("<40I", *range(40)), "cut or damaged"),
    "no workbook": (None, "no xl/workbook.xml"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_workbooks_are_refused_with_a_reason(name, tmp_path):
    data, words = BAD[name]
    path = tmp_path / "bad.xlsx"
    if data is None:
        with zipfile.ZipFile(path, "w") as book:
            book.writestr("readme.txt", "hello")
    else:
        path.write_bytes(data)
    done = ballast("import", "rvtools", path)
    assert done.returncode == 65, done.stderr
    assert done.stdout == ""
    assert "error: " in done.stderr and words in done.stderr, done.stderr


@pytest.mark.parametrize("size", range(40, len(SITE), len(SITE) // 25))
def test_a_workbook_cut_anywhere_never_crashes(size, tmp_path):
    (tmp_path / "cut.xlsx").write_bytes(SITE[:size])
    assert ballast("import", "rvtools", tmp_path / "cut.xlsx").returncode == 65


def test_missing_files_and_files_in_the_way(estate, tmp_path):
    assert ballast("import", "rvtools", tmp_path / "none.xlsx").returncode == 66
    assert ballast("import", "vmware", tmp_path / "none.txt").returncode == 66
    there = write(tmp_path / "there.yaml", "mine")
    done = ballast("import", "rvtools", estate, "--out", there)
    assert done.returncode == 74 and "--force" in done.stderr
    assert there.read_text() == "mine"
    assert ballast("import", "rvtools", estate, "--out", tmp_path / "no" / "dir.yaml").returncode == 74


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["rvtool", "x"], "rvtools"), (["rvtools"], "<path>"), (["rvtools", "x", "--json"], "--out"),
        (["rvtools", "x", "--assume-cpu", "20"], "no unit"), (["rvtools", "x", "--memory", "8"], "no unit"),
        (["rvtools", "x", "--hosts", "0"], "--hosts"), (["rvtools", "x", "--interval", "0s"], "--interval"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usage(arguments, words):
    done = ballast("import", *arguments)
    assert done.returncode == 64 and words in done.stderr


# --- Other formats ------------------------------------------------------------------------------------------------


VCENTER = '#TYPE Selected\n"MetricId","Timestamp","Value","Unit","Instance","Entity","EntityId","IntervalSecs"\n' + "".join(
    f'"{metric}","11/20/2025 {10 + step // 12}:{step % 12 * 5:02}:00 AM","{value}","","{instance}","{vm}","VirtualMachine-{vm}","300"\n'
    for step in range(12)
    for vm in ["web", "db"]
    for metric, value, instance in [
        ("cpu.usage.average", 20 + step, ""), ("cpu.usage.average", 20, "0"), ("cpu.usage.average", 20, "1"),
        ("cpu.ready.summation", 30000, ""), ("mem.active.average", 1048576, ""), ("mem.granted.average", 4194304, ""),
        ("mem.consumed.average", 2097152, ""), ("disk.usage.average", 7, ""),
    ]) + '"cpu.usage.average","11/20/2025 10:00:00 AM","50","%","","esx","HostSystem-host-1","300"\n'


def test_vcenter_statistics(tmp_path):
    scenario, report = imported("vcenter", write(tmp_path / "stats.csv", VCENTER), tmp_path / "v.yaml")
    vms = by_name(scenario)
    assert set(vms) == {"web", "db"} and vms["web"]["vcpus"] == 2 and vms["web"]["memory"] == "4GiB"
    assert scenario["duration"] == "1h" and scenario["interval"] == "5m"
    lines = (tmp_path / "v-trace.csv").read_text().splitlines()
    # 20 % used, and 30,000 ms of 300 s on two vCPUs: 5 % ready. 1 of 4 GiB is active.
    assert lines[:2] == ["time,vm,cpu_pct,mem_pct", "0.000,db,25.0000,25.0000"]
    assert len(lines) == 1 + 24 and lines[-1] == "3300.000,web,36.0000,25.0000"
    assert "rows about what is no VM" in sentences(report, "ignored")
    run(tmp_path / "v.yaml", tmp_path / "run", "--quiet")


def test_without_a_file_means_are_written(tmp_path):
    done = ballast("import", "vcenter", write(tmp_path / "stats.csv", VCENTER))
    assert done.returncode == 0
    # 20 … 31 % have the mean 25.5 %, and 5 % ready.
    assert "cpu: 30.5%" in done.stdout and "traces:" not in done.stdout


def test_sizes_that_an_export_lacks_have_to_be_said(tmp_path):
    text = "MetricId,Timestamp,Value,Entity\ncpu.usage.average,2025-11-20 10:00:00,50,a\n"
    path = write(tmp_path / "stats.csv", text)
    _, said = imported("vcenter", path, tmp_path / "a.yaml", code=65)
    assert "--vcpus and --memory" in said
    scenario, _ = imported("vcenter", path, tmp_path / "a.yaml", "--vcpus", 4, "--memory", "8GiB")
    assert scenario["vms"][0]["vcpus"] == 4 and scenario["vms"][0]["workload"]["cpu"] == "50%"


DOMSTATS = """\
Domain: 'web'
  state.state=1
  state.reason=1
  cpu.time={web}
  balloon.current=4194304
  balloon.maximum=4194304
  balloon.available=4000000
  balloon.usable=3000000
  balloon.rss=2097152
  vcpu.current=2
  vcpu.maximum=4
  vcpu.0.delay={delay}
  vcpu.1.delay=0

Domain: 'off'
  state.state=5
  vcpu.current=1
  balloon.maximum=1048576

"""


def test_domstats_twice_tell_use(tmp_path):
    text = DOMSTATS.format(web=10**12, delay=0) + DOMSTATS.format(web=10**12 + 9 * 10**9, delay=10**9)
    scenario, report = imported("domstats", write(tmp_path / "d.txt", text), tmp_path / "d.yaml", "--interval", "10s")
    assert report["vms"] == 1
    # 9 s run and 1 s waiting in 10 s on two vCPUs: half. 1,000,000 of 4,194,304 KiB active, half touched.
    assert scenario["vms"][0]["workload"] == {"cpu": "50%", "memory": {"active": "23.8418%", "touched": "50%"}}
    once, report = imported("domstats", write(tmp_path / "d.txt", DOMSTATS.format(web=1, delay=0)), tmp_path / "d.yaml")
    assert once["vms"][0]["workload"]["cpu"] == "10%"
    assert any("two readings" in text for text in sentences(report, "read"))


LIBVIRT = """\
# TYPE libvirt_domain_info_virtual_cpus gauge
libvirt_domain_info_virtual_cpus{{domain="a"}} 4
libvirt_domain_info_maximum_memory_bytes{{domain="a"}} 8.589934592e+09
libvirt_domain_info_cpu_time_seconds_total{{domain="a"}} {time} {at}
libvirt_domain_vcpu_delay_seconds_total{{domain="a",vcpu="0"}} 0
libvirt_domain_memory_stats_available_bytes{{domain="a"}} 8.589934592e+09
libvirt_domain_memory_stats_usable_bytes{{domain="a"}} 4.294967296e+09
"""


def test_libvirt_exporter_scrapes(tmp_path):
    text = LIBVIRT.format(time=100, at=1_000_000) + LIBVIRT.format(time=110, at=1_010_000)
    scenario, _ = imported("libvirt", write(tmp_path / "a.prom", text), tmp_path / "a.yaml")
    # 10 s of CPU in 10 s on four vCPUs: a quarter; the guest can use 4 of 8 GiB more.
    assert scenario["vms"][0]["workload"] == {"cpu": "25%", "memory": {"active": "50%", "touched": "100%"}}


SADF = """\
# hostname;interval;timestamp;CPU;%user;%nice;%system;%iowait;%steal;%idle
g1;300;2025-11-20 10:00:00 UTC;-1;20.00;0.00;5.00;10.00;5.00;60.00
g1;300;2025-11-20 10:00:00 UTC;0;20.00;0.00;5.00;10.00;5.00;60.00
g1;300;2025-11-20 10:00:00 UTC;1;20.00;0.00;5.00;10.00;5.00;60.00
g1;300;2025-11-20 10:05:00 UTC;-1;40.00;0.00;5.00;0.00;5.00;50.00
g1;-1;2025-11-20 10:06:00 UTC;LINUX-RESTART (2 CPU)
# hostname;interval;timestamp;kbmemfree;kbavail;kbmemused;%memused
g1;300;2025-11-20 10:00:00 UTC;1000000;3072000;3000000;75.0
g1;300;2025-11-20 10:05:00 UTC;1000000;3072000;3000000;75.0
"""


def test_sysstat_of_guests(tmp_path):
    scenario, _ = imported("sadf", write(tmp_path / "sa.csv", SADF), tmp_path / "s.yaml")
    [vm] = scenario["vms"]
    # 4,000,000 KiB seen are 3,906 MiB: a VM of 4 GiB. Demand is all but idle and iowait, so 30 % and 50 %.
    assert vm["vcpus"] == 2 and vm["memory"] == "4GiB"
    lines = (tmp_path / "s-trace.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ["30.0000", "50.0000"]


ARRIVALS = {
    "flav_map.txt": "1,1.75 b\n2,3.5 g\n", "v1.interval_map.txt": "0 0\n300 1\n600 2\n900 2\n",
    "v1.dev.txt": "300 b,b,|,g\n600 g\n", "v1.dev.c900.txt": "300 U1,U1,|,U2\n600 C0\n",
}


def test_arrivals_and_lifetimes(tmp_path):
    (tmp_path / "a").mkdir()
    for name, text in ARRIVALS.items():
        write(tmp_path / "a" / name, text)
    scenario, report = imported("azure-arrivals", tmp_path / "a", tmp_path / "a.yaml")
    assert report["vms"] == 4 and scenario["duration"] == "10m"
    vms = by_name(scenario)
    assert vms["t0-b-0"]["count"] == 2 and vms["t0-b-0"]["memory"] == "1792MiB" and vms["t0-b-0"]["stop"] == "5m"
    assert vms["t300-g-0"]["start"] == "5m" and "stop" not in vms["t300-g-0"]


# --- Published exports: names are never shown -----------------------------------------------------------------------


@published
@pytest.mark.parametrize("form", ["SizingWorkshop-RVTools.xlsx", "csv-sizingworkshop"])
def test_the_workshop_export_has_the_published_totals(form, tmp_path):
    """763 VMs on, 2,629 vCPUs, 10,176 GiB on 34 hosts with 528 cores: counted from the CSV files by other means."""
    scenario, report = imported("rvtools", RVTOOLS / form, tmp_path / "w.yaml")
    assert (report["clusters"], report["hosts"], report["vms"], report["vcpus"]) == (4, 34, 763, 2629)
    assert report["memory_mib"] == 10_420_492
    hosts = [host for cluster in scenario["clusters"] for host in cluster["hosts"]]
    assert sum(host["cpu"]["sockets"] * host["cpu"]["cores"] for host in hosts) == 528
    # 33 of 38 host names match once a domain and a prefix are taken off; VMs of the other five stay.
    unmatched = [r for r in report["remarks"] if "not among the export's usable hosts" in r["what"]]
    assert len(unmatched) == 28
    assert sum("a template" == r["what"] for r in report["remarks"]) == 10


@published
@pytest.mark.parametrize("form", ["rvtools-4.x-example1.xlsx", "csv-example1"])
def test_the_perturbed_example_is_read_with_its_contradictions(form, tmp_path):
    scenario, report = imported("rvtools", RVTOOLS / form, tmp_path / "e.yaml", "--include-powered-off")
    assert (report["hosts"], report["vms"]) == (7, 9)
    kinds = [r["what"].split(";")[0] for r in report["remarks"] if r["kind"] == "contradiction"]
    assert kinds.count("vCPUs of vInfo and vCPU differ") == 5
    assert kinds.count("memory of vInfo and vMemory differs") == 8
    run(tmp_path / "e.yaml", tmp_path / "run", "--quiet")


@published
def test_the_vmware_scrape_has_seven_running_vms(tmp_path):
    path = RVTOOLS.parent / "prometheus-vmware-exporter/vmware_exporter.txt"
    scenario, report = imported("vmware", path, tmp_path / "v.yaml")
    assert (report["hosts"], report["vms"]) == (1, 7)
    [host] = scenario["clusters"][0]["hosts"]
    # 29,988 MHz on 12 cores, and 65,490 MB.
    assert host["cpu"]["cores"] == 12 and host["cpu"]["mhz"] == 2499 and host["memory"] == "65490MiB"


@published
def test_azure_arrivals_by_the_published_counts(tmp_path):
    path = RVTOOLS.parent / "azure-v1-arrivals"
    _, report = imported("azure-arrivals", path, tmp_path / "a.yaml", "--one-of", 500)
    # Of 259,159 VMs every 500th, the first included.
    assert report["vms"] == 519
    assert any("519 taken of 259159" in remark["detail"] for remark in report["remarks"])
