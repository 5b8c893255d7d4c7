"""notebook: a Jupyter notebook on a run, executed without Ballast; its totals are those of run.json."""

import importlib.util
import json
import re
import shutil
import subprocess

import pytest

from ballast_runs import PROJECT, SMALL, TIMEOUT, ballast, read_run, run, write

MODULES = ["nbconvert", "ipykernel", "pandas", "matplotlib"]
MISSING = [name for name in MODULES if importlib.util.find_spec(name) is None]
executable = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def notebook(directory, *options):
    done = ballast("notebook", directory, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(open(done.stdout.strip(), encoding="utf-8").read())


@pytest.fixture
def run_copy(mixed_run, tmp_path):
    shutil.copytree(mixed_run, tmp_path / "run")
    return tmp_path / "run"


def test_it_is_nbformat_4_5(run_copy):
    book = notebook(run_copy)
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)
    [parameters] = [cell for cell in book["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert 'run_directory = "."' in "".join(parameters["source"])
    for cell in book["cells"]:
        assert cell["cell_type"] in ("markdown", "code") and "source" in cell
        assert (cell["cell_type"] == "code") == ("outputs" in cell) == ("execution_count" in cell)


def test_only_pandas_and_matplotlib_are_imported(run_copy):
    source = "\n".join("".join(cell["source"]) for cell in notebook(run_copy)["cells"] if cell["cell_type"] == "code")
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", source, re.MULTILINE))
    assert imported == {"json", "pathlib", "matplotlib", "pandas"}


def test_the_same_run_gives_the_same_bytes(run_copy, tmp_path):
    notebook(run_copy)
    notebook(run_copy, "--out", tmp_path / "a.ipynb")
    notebook(run_copy, "--out", tmp_path / "b.ipynb")
    assert (tmp_path / "a.ipynb").read_bytes() == (tmp_path / "b.ipynb").read_bytes()


def executed(path):
    done = subprocess.run(
        ["jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(path)],
        capture_output=True, text=True, timeout=TIMEOUT * 3)
    assert done.returncode == 0, done.stderr
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: cell.get("outputs", []) for cell in cells}


@executable
def test_totals_are_those_of_run_json(run_copy):
    notebook(run_copy)
    outputs = executed(run_copy / "notebook.ipynb")
    figures = {figure["name"]: figure["value"] for figure in read_run(run_copy)["summary"]}
    text = "".join(outputs["totals"][0]["data"]["text/plain"])
    compared = 0
    for line in text.splitlines()[1:]:
        name, computed, stated, _ = line.split()
        assert abs(float(computed) - figures[name]) <= 0.002 and abs(float(stated) - figures[name]) < 1e-6
        compared += 1
    assert compared == 7
    charts = [name for name, parts in outputs.items() if any("image/png" in part.get("data", {}) for part in parts)]
    assert set(charts) == {"hosts-cpu", "ready-band", "memory"}


@executable
def test_a_run_without_rows_of_vms_still_makes_sense(small, tmp_path):
    text = small.read_text() + "record: {vms: summary}\n"
    run(write(tmp_path / "summary.yaml", text), tmp_path / "run", "--quiet")
    notebook(tmp_path / "run")
    executed(tmp_path / "run" / "notebook.ipynb")


@executable
def test_a_merged_sweep(tmp_path):
    """Two axes and two seeds: a table of means, curves along the first axis, a map of both."""
    text = SMALL + "sweep: {vms.web.count: [3, 4, 6], hypervisor: [esxi, kvm], seed: [1, 2]}\n"
    done = ballast("sweep", "run", write(tmp_path / "s.yaml", text), "--out", tmp_path / "sweep")
    assert done.returncode in (0, 1), done.stderr
    notebook(tmp_path / "sweep")
    outputs = executed(tmp_path / "sweep" / "notebook.ipynb")
    assert all(any("image/png" in part.get("data", {}) for part in outputs[name]) for name in ("curves", "map"))
    assert "vms.web.count" in "".join(outputs["table"][0]["data"]["text/plain"])


def test_what_is_no_run(tmp_path):
    assert ballast("notebook", tmp_path).returncode == 66
    assert ballast("notebook", tmp_path / "none").returncode == 66


def test_a_notebook_in_the_way_is_kept(run_copy):
    notebook(run_copy)
    (run_copy / "notebook.ipynb").write_text("mine")
    assert ballast("notebook", run_copy).returncode == 74
    assert (run_copy / "notebook.ipynb").read_text() == "mine"
    notebook(run_copy, "--force")


def test_the_committed_example_opens_by_itself():
    """notebooks-export/: executed, with its charts inside, and no path of the machine that made it."""
    for path in sorted((PROJECT / "notebooks-export").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        book = json.loads(text)
        assert all(cell["execution_count"] for cell in book["cells"] if cell["cell_type"] == "code"), path.name
        assert any("image/png" in part.get("data", {}) for cell in book["cells"] for part in cell.get("outputs", []))
        assert "/tmp/" not in text and "/home/" not in text and "/work/" not in text
