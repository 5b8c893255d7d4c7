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
