"""import, where tables are not as they should be: what is left out, cut or mended is said with its place."""

import json

import pytest

from ballast_runs import ballast, run, write
from test_import import by_name, changed, estate, imported
from workbooks import ESTATE, folder

__all__ = ["estate"]


def remarks(report, words):
    return [remark for remark in report["remarks"] if words in remark["what"]]


def test_a_pool_is_expandable_where_the_export_does_not_say(tmp_path):
    """Without the column, and with an empty cell; only a cell that says False makes it otherwise."""
    rows = ESTATE["vRP"]
    without = [row[:9] for row in rows]
    scenario, report = imported(
        "rvtools", folder(changed(vRP=without), tmp_path / "without"), tmp_path / "a.yaml")
    gold = scenario["clusters"][0]["pools"][0]
    assert "expandable" not in gold["memory"] and "expandable" not in gold["cpu"]
    [told] = remarks(report, "a column that is not there")
    assert (told["kind"], told["sheet"], told["detail"]) == ("assumed", "vRP", '"Mem expandableReservation"')

    empty = [rows[0], rows[1], [*rows[2][:9], ""]]
    scenario, report = imported(
        "rvtools", folder(changed(vRP=empty), tmp_path / "empty"), tmp_path / "a.yaml")
    assert "expandable" not in scenario["clusters"][0]["pools"][0]["memory"]
    assert not remarks(report, "a column that is not there")

    odd = [rows[0], rows[1], [*rows[2][:9], "perhaps"]]
    scenario, report = imported("rvtools", folder(changed(vRP=odd), tmp_path / "odd"), tmp_path / "a.yaml")
    assert "expandable" not in scenario["clusters"][0]["pools"][0]["memory"]
    [told] = remarks(report, "neither true nor false")
    assert (told["sheet"], told["row"], told["column"]) == ("vRP", 3, "Mem expandableReservation")


HEADINGS = "VM,Powerstate,Template,CPUs,Memory,Cluster,Host,Resource pool\n"


def one_tab(tmp_path, text):
    return write(tmp_path / "RVTools_tabvInfo.csv", HEADINGS + text)


def test_a_row_with_more_cells_than_headings_is_left_out_and_reported(tmp_path):
    """1,024 without quotes: what is behind it stands one column too far, even where the last cell is empty."""
    path = one_tab(
        tmp_path, "a,poweredOn,False,2,4096,A,esx1,\nb,poweredOn,False,1,1,024,A,esx1,\n"
        "c,poweredOn,False,1,2048,A,esx1,,surplus\nd,poweredOn,False,1,2048,A,esx1\n")
    scenario, report = imported("rvtools", path, tmp_path / "a.yaml")
    assert set(by_name(scenario)) == {"a", "d"}
    assert [cluster["name"] for cluster in scenario["clusters"]] == ["A"]
    told = remarks(report, "more cells than there are headings")
    assert [(r["kind"], r["row"], r["detail"]) for r in told] == [
        ("ignored", 3, '9 cells, 8 headings; "1" and "024" may be one number'), ("ignored", 4, "9 cells, 8 headings")]
    assert "without quotes" in told[0]["what"]


def test_where_every_row_is_too_long_the_file_is_refused(tmp_path):
    path = one_tab(tmp_path, "a,poweredOn,False,1,1,024,A,esx1,\nb,poweredOn,False,1,2,048,A,esx1,\n")
    done = ballast("import", "rvtools", path)
    assert done.returncode == 65 and done.stdout == ""
    assert "row 2: error: all rows have more cells than there are headings" in done.stderr
    assert '"1" and "024" may be one number' in done.stderr


def test_separators_at_the_end_of_every_line_are_no_cells(tmp_path):
    path = one_tab(tmp_path, "a,poweredOn,False,2,4096,A,esx1,,\nb,poweredOn,False,1,512,A,esx1,,\n")
    scenario, report = imported("rvtools", path, tmp_path / "a.yaml")
    assert {vm["memory"] for vm in scenario["vms"]} == {"4GiB", "512MiB"}
    assert not remarks(report, "more cells")


def test_statistics_with_a_comma_in_a_value_are_reported(tmp_path):
    text = "MetricId,Timestamp,Value,Entity\n" + "".join(
        f"cpu.usage.average,2025-11-20 10:0{minute}:00,{value},a\n"
        for minute, value in enumerate(["50", "12,5", "30"]))
    _, report = imported(
        "vcenter", write(tmp_path / "s.csv", text), tmp_path / "a.yaml", "--vcpus", 4, "--memory", "8GiB")
    [told] = remarks(report, "more cells than there are headings")
    assert told["row"] == 3


def test_headings_that_occur_twice_or_not_at_all_are_reported(tmp_path):
    text = "VM,Powerstate,CPUs,Memory,Memory (MB),Cluster,,Host\na,poweredOn,2,4096,8192,A,what,esx1\n"
    scenario, report = imported("rvtools", write(tmp_path / "vInfo.csv", text), tmp_path / "a.yaml")
    assert scenario["vms"][0]["memory"] == "4GiB"
    [twice] = remarks(report, "occurs before")
    assert (twice["row"], twice["column"]) == (1, "Memory (MB)")
    [nameless] = remarks(report, "without a heading")
    assert (nameless["row"], nameless["detail"]) == (2, "1")


def test_a_name_of_five_million_letters_is_cut_in_scenario_and_report(tmp_path):
    long = "x" * 5_000_000
    path = one_tab(
        tmp_path, f"{long},poweredOn,False,2,4096,C{long},{long},/DC/A/Resources/P{long}\n"
        f"{long},poweredOff,False,1,512,A,esx1,\n")
    scenario, report = imported("rvtools", path, tmp_path / "a.yaml")
    assert [vm["name"] for vm in scenario["vms"]] == ["x" * 180]
    told = remarks(report, "a name of more than 180 characters")
    assert [(r["row"], r["detail"][:1]) for r in told] == [(2, "x"), (2, "C"), (2, "P")]
    assert "… (5000000 characters) …" in told[0]["detail"]
    assert len(json.dumps(report)) < 10_000 and (tmp_path / "a.yaml").stat().st_size < 5_000
    shown = ballast("import", "rvtools", path)
    assert len(shown.stderr) < 5_000 and all(len(line) < 800 for line in shown.stderr.splitlines())


def test_free_placement_leaves_hosts_to_placement(estate, tmp_path):
    held, report = imported("rvtools", estate, tmp_path / "held.yaml")
    assert all("host" in vm for vm in held["vms"])
    [told] = remarks(report, "--free-placement")
    assert (told["kind"], told["detail"]) == ("assumed", "4 VMs") and "how many hosts" in told["what"]

    free, report = imported("rvtools", estate, tmp_path / "free.yaml", "--free-placement")
    assert not any("host" in vm for vm in free["vms"])
    [told] = remarks(report, "--free-placement")
    assert (told["kind"], told["detail"]) == ("ignored", "4 VMs")
    # Hosts keep their names, and VMs all else.
    assert free["clusters"] == held["clusters"]
    assert free["vms"] == [{key: value for key, value in vm.items() if key != "host"} for vm in held["vms"]]
    run(tmp_path / "free.yaml", tmp_path / "run", "--quiet")


@pytest.mark.parametrize("encoding, newline", [("utf-8-sig", "\n"), ("utf-8-sig", "\r\n"), ("utf-8", "\r\n"), ("utf-8", "\r")])
def test_byte_order_marks_and_line_ends_make_no_difference(encoding, newline, tmp_path):
    text = HEADINGS + "a,poweredOn,False,2,4096,A,esx1,\n"
    (tmp_path / "vInfo.csv").write_bytes(text.replace("\n", newline).encode(encoding))
    scenario, report = imported("rvtools", tmp_path / "vInfo.csv", tmp_path / "a.yaml")
    assert by_name(scenario)["a"]["memory"] == "4GiB"
    assert not remarks(report, "not UTF-8")


@pytest.mark.parametrize("form, name, text, words", [
    ("rvtools", "vInfo.csv", HEADINGS, "vInfo row 1: error: no VM is left to simulate: the tab vInfo has headings and no rows"),
    ("rvtools", "vInfo.csv", "", "the file is empty"),
    ("rvtools", "vInfo.csv", "a,b,c\n1,2,3\n", 'no column "VM"'),
    ("vcenter", "s.csv", "MetricId,Timestamp,Value,Entity\n", "no statistics of VMs in it"),
    ("vcenter", "s.csv", "", "no column MetricId"),
    ("esxtop", "e.csv", '"(PDH-CSV 4.0) (UTC)(0)"\n', "there is no VM in it"),
    ("sadf", "s.txt", "", ""), ("domstats", "d.txt", "", ""), ("libvirt", "l.txt", "", ""),
    ("vmware", "v.txt", "", ""),
])
def test_files_without_rows_are_refused_in_words(form, name, text, words, tmp_path):
    done = ballast("import", form, write(tmp_path / name, text))
    assert done.returncode == 65 and done.stdout == ""
    assert str(tmp_path / name) in done.stderr and "error: " in done.stderr and words in done.stderr, done.stderr


@pytest.mark.parametrize("form", ["vcenter", "esxtop", "sadf", "domstats", "libvirt", "vmware"])
def test_a_folder_in_place_of_a_file_is_told(form, tmp_path):
    done = ballast("import", form, tmp_path)
    assert done.returncode == 66 and f"{tmp_path}: error: it is a directory" in done.stderr


def test_a_file_in_place_of_a_folder_is_told(tmp_path):
    path = write(tmp_path / "v1.dev.txt", "")
    done = ballast("import", "azure-arrivals", path)
    assert done.returncode == 66 and f"{path}: error: it is a file; name the folder" in done.stderr


def vcenter(tmp_path, cpu, memory=(1048576, 524288, 524288, 524288), ready=30000):
    """Statistics of a VM with 2 vCPUs, every 5 minutes: CPU as (metric, values), memory in KB, ready in ms."""
    metric, values = cpu
    rows = ["MetricId,Timestamp,Value,Entity,EntityId,IntervalSecs,Instance"]
    for step, amounts in enumerate(zip(values, memory)):
        names = [(metric, amounts[0]), ("mem.active.average", amounts[1]), ("cpu.ready.summation", ready)]
        rows += [
            f"{name},2025-11-20 10:{step * 5:02}:00,{amount},web,VirtualMachine-vm-1,300,"
            for name, amount in names if amount is not None]
    return write(tmp_path / "stats.csv", "\n".join(rows) + "\n")


SIZE = ["--vcpus", 2, "--memory", "4GiB", "--host-mhz", 2000]


def test_use_in_mhz_is_use_in_percent_of_the_clock_with_ready_time_and_a_trace(tmp_path):
    path = vcenter(tmp_path, ("cpu.usage.average", [12.5, 25, 37.5, 50]))
    _, report = imported("vcenter", path, tmp_path / "percent.yaml", *SIZE)
    assert not remarks(report, "use in MHz")
    path = vcenter(tmp_path, ("cpu.usagemhz.average", [500, 1000, 1500, 2000]))
    scenario, report = imported("vcenter", path, tmp_path / "mhz.yaml", *SIZE)
    # 500 MHz of 2 × 2000 are 12.5 %; 30 s of 300 s on two vCPUs are 5 %. 1 GiB of 4 is active, then half of that.
    lines = (tmp_path / "mhz-trace.csv").read_text().splitlines()
    assert lines[:3] == ["time,vm,cpu_pct,mem_pct", "0.000,web,17.5000,25.0000", "300.000,web,30.0000,12.5000"]
    assert (tmp_path / "percent-trace.csv").read_text().splitlines() == lines
    assert scenario["vms"][0]["workload"]["memory"]["active"]["trace"] == "measured"
    [told] = remarks(report, "use in MHz")
    assert (told["kind"], told["detail"]) == ("assumed", "web: 2 vCPUs × 2000 MHz")
    run(tmp_path / "mhz.yaml", tmp_path / "run", "--quiet")


def test_without_a_file_use_in_mhz_keeps_its_ready_time_and_means_are_told(tmp_path):
    path = vcenter(tmp_path, ("cpu.usagemhz.average", [500, 1000, 1500, 2000]))
    done = ballast("import", "vcenter", path, *SIZE)
    # The mean of 12.5 … 50 % is 31.25 %, and 5 % ready.
    assert "cpu: 36.25%" in done.stdout
    assert "samples over time are written as their means; with --out they become a trace" in done.stderr


def test_more_mhz_than_a_vm_has_is_told(tmp_path):
    path = vcenter(tmp_path, ("cpu.usagemhz.average", [500, 5000, 1500, 2000]), ready=0)
    _, report = imported("vcenter", path, tmp_path / "a.yaml", *SIZE)
    assert "300.000,web,100.0000,12.5000" in (tmp_path / "a-trace.csv").read_text()
    [told] = remarks(report, "above a VM's vCPUs")
    assert (told["kind"], told["detail"]) == ("mended", "web: 1 of 4 samples")


def test_samples_that_a_trace_cannot_carry_are_told(tmp_path):
    path = vcenter(tmp_path, ("cpu.usage.average", [10, 20, 30, 40]), memory=[1048576, None, 524288, 524288])
    scenario, report = imported("vcenter", path, tmp_path / "memory.yaml", *SIZE)
    # (1 + ½ + ½) / 3 GiB of 4 GiB.
    assert scenario["vms"][0]["workload"]["memory"]["active"] == "16.6666%"
    [told] = remarks(report, "active memory over time is written as its mean")
    assert (told["kind"], told["detail"]) == ("assumed", "1 VMs")

    path = vcenter(tmp_path, ("cpu.usage.average", [10, None, 30, 40]))
    _, report = imported("vcenter", path, tmp_path / "cpu.yaml", *SIZE)
    assert len((tmp_path / "cpu-trace.csv").read_text().splitlines()) == 1 + 3
    [told] = remarks(report, "times without use of CPU")
    assert (told["kind"], told["detail"]) == ("ignored", "web: 1 of 4")


def test_ready_time_counts_beside_mhz_of_an_exporter_too(tmp_path):
    labels = '{vm_name="web",host_name="esx1",cluster_name="A"}'
    text = "".join(
        f"vmware_{name}{labels} {value}\n" for name, value in [
            ("vm_power_state", 1), ("vm_num_cpu", 2), ("vm_memory_max", 4096), ("vm_cpu_usagemhz_average", 1000),
            ("vm_cpu_ready_summation", 4000)])
    text += "".join(
        f'vmware_host_{name}{{host_name="esx1",cluster_name="A"}} {value}\n'
        for name, value in [("num_cpu", 8), ("cpu_max", 16000), ("memory_max", 65536)])
    scenario, _ = imported("vmware", write(tmp_path / "v.txt", text), tmp_path / "a.yaml")
    # 1000 of 2 × 2000 MHz are 25 %; 4 s of 20 s on two vCPUs are 10 %.
    assert scenario["vms"][0]["workload"]["cpu"] == "35%"


@pytest.mark.parametrize("name", ["site.xlsx", "SITE.XLSX", "site.xls"])
def test_what_is_called_a_workbook_and_is_none_is_told(name, tmp_path):
    done = ballast("import", "rvtools", write(tmp_path / name, HEADINGS + "a,poweredOn,False,2,4096,A,esx1,\n"))
    assert done.returncode == 65 and done.stdout == ""
    assert f"{name}: error: by its name it is a workbook, but it does not begin as one (a zip file)" in done.stderr
    assert ".csv" in done.stderr
