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
