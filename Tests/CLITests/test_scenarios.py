"""init, validate and schema: a scenario from its first line to the schema an editor checks it with."""

import json
import os
import re

import jsonschema
import pytest

from ballast_runs import MIXED, PROJECT, SMALL, ballast, load_yaml, run, scenario_names, uses_published_traces, write

WRONG = SMALL.replace("duration: 1h", "duratoin: 1h").replace("vcpus: 2", "vcpus: two")


def check_with_schema(text):
    schema = json.loads((PROJECT / "schema/scenario.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    errors = jsonschema.Draft7Validator(schema).iter_errors(load_yaml(text))
    told = "\n".join(f"{list(error.absolute_path)}: {error.message}" for error in errors)
    assert told == "", told


# --- init ---------------------------------------------------------------------------------------------------------


def test_init_writes_a_scenario_that_validates_and_runs(tmp_path):
    done = ballast("init", "demo", cwd=tmp_path)
    assert done.returncode == 0
    assert "ballast run demo/scenario.yaml" in done.stdout
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["scenario.schema.json", "scenario.yaml"]
    text = (tmp_path / "demo/scenario.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=./scenario.schema.json\n")
    check_with_schema(text)
    assert ballast("validate", "demo/scenario.yaml", cwd=tmp_path).returncode == 0
    run("demo/scenario.yaml", tmp_path / "out", cwd=tmp_path)


def test_init_without_a_directory_writes_here(tmp_path):
    assert ballast("init", cwd=tmp_path).returncode == 0
    assert (tmp_path / "scenario.yaml").exists()


def test_init_leaves_a_scenario_alone(tmp_path):
    write(tmp_path / "scenario.yaml", "mine")
    done = ballast("init", tmp_path)
    assert done.returncode == 74
    assert "exists" in done.stderr
    assert (tmp_path / "scenario.yaml").read_text() == "mine"
    assert not (tmp_path / "scenario.schema.json").exists()


def test_init_where_it_cannot_write(tmp_path):
    write(tmp_path / "file", "")
    done = ballast("init", tmp_path / "file/demo")
    assert done.returncode == 74
    assert "cannot write" in done.stderr


# --- schema -------------------------------------------------------------------------------------------------------


def test_the_schema_is_the_committed_one():
    committed = (PROJECT / "schema/scenario.schema.json").read_text(encoding="utf-8")
    assert ballast("schema").stdout == committed


@pytest.mark.parametrize("text", [SMALL, MIXED], ids=["small", "mixed"])
def test_scenarios_of_these_tests_obey_the_schema(text):
    check_with_schema(text)


@pytest.mark.parametrize("name", scenario_names())
def test_example_scenarios_obey_the_schema(name):
    check_with_schema((PROJECT / name).read_text(encoding="utf-8"))


def test_the_schema_finds_a_wrong_key():
    with pytest.raises(AssertionError, match="duratoin"):
        check_with_schema(WRONG)


# --- validate -----------------------------------------------------------------------------------------------------


def test_validate_says_what_is_valid(small, mixed):
    done = ballast("validate", small, mixed)
    assert done.returncode == 0
    assert done.stdout == f"{small}: valid\n{mixed}: valid\n"
    assert done.stderr == ""


def test_validate_names_place_source_and_remedy(tmp_path):
    path = write(tmp_path / "wrong.yaml", WRONG)
    done = ballast("validate", path)
    assert done.returncode == 65
    assert done.stdout == ""
    assert re.search(rf"^{re.escape(str(path))}:3:1: error: unknown key \"duratoin\".*duration", done.stderr, re.MULTILINE)
    assert "\nduratoin: 1h\n^" in done.stderr
    assert re.search(rf"^{re.escape(str(path))}:8:\d+: error: ", done.stderr, re.MULTILINE)


def test_validate_goes_on_after_a_wrong_file(tmp_path, small):
    wrong = write(tmp_path / "wrong.yaml", WRONG)
    done = ballast("validate", wrong, tmp_path / "none.yaml", small)
    assert done.returncode == 65
    assert f"{small}: valid" in done.stdout
    assert f"{wrong}:3:1" in done.stderr
    assert "none.yaml: No such file or directory" in done.stderr


def test_validate_of_a_missing_file_is_66(tmp_path, small):
    done = ballast("validate", small, tmp_path / "none.yaml")
    assert done.returncode == 66
    assert "none.yaml" in done.stderr


def test_validate_of_a_directory_is_66(tmp_path):
    done = ballast("validate", tmp_path)
    assert done.returncode == 66
    assert "directory" in done.stderr


def test_validate_standard_input():
    assert ballast("validate", "-", input=SMALL).returncode == 0
    done = ballast("validate", "-", input=WRONG)
    assert done.returncode == 65
    assert ":3:1: error:" in done.stderr


def test_validate_json_tells_of_every_file(tmp_path, small):
    wrong = write(tmp_path / "wrong.yaml", WRONG)
    missing = tmp_path / "none.yaml"
    done = ballast("validate", "--json", small, wrong, missing)
    assert done.returncode == 65
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert [(entry["file"], entry["valid"]) for entry in told["files"]] == [
        (str(small), True), (str(wrong), False), (str(missing), False)]
    places = {
        (error["file"], error["line"], error["column"]) for error in told["files"][1]["errors"]
        if "duratoin" in error["message"]}
    assert places == {(str(wrong), 3, 1)}
    assert told["files"][2]["errors"][0]["missing_file"] is True


@pytest.mark.parametrize("name", scenario_names())
def test_example_scenarios_are_valid(name):
    if uses_published_traces(name) and not os.environ.get("BALLAST_TRACES"):
        pytest.skip("needs the published traces: set BALLAST_TRACES")
    done = ballast("validate", PROJECT / name)
    assert done.returncode == 0, done.stderr
