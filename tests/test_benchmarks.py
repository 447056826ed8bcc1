"""The benchmarks' command, and what their tables are reckoned from."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.results import Aim, Options, Result, keep, percentile


def test_each_benchmark_is_listed_and_can_be_run() -> None:
    listed = CliRunner().invoke(main, ["--list"]).output
    for name, (module, what) in BENCHMARKS.items():
        assert f"{name} " in listed
        assert what in listed
        assert callable(importlib.import_module(f"benchmarks.{module}").run)


def test_an_unknown_name_is_refused_before_anything_runs() -> None:
    refused = CliRunner().invoke(main, ["append", "apend"])
    assert refused.exit_code == 2
    assert "no benchmark is called apend" in refused.output


@pytest.mark.parametrize(("share", "expected"), [(0, 1.0), (0.5, 2.5), (0.95, 3.85), (1, 4.0)])
def test_percentiles_lie_between_the_neighbouring_ranks(share: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(expected)


def test_an_aim_is_met_below_its_limit_only() -> None:
    assert Aim("it", 14.9, 15, "ms").met
    assert not Aim("it", 15, 15, "ms").met


def test_results_are_kept_as_json(tmp_path: Path) -> None:
    result = Result("of two", ("what", "ms"), [("one", 1.5)], aims=(Aim("it", 1.5, 2, "ms"),))
    path = keep({"name": [result]}, tmp_path, datetime(2026, 11, 26, 17, tzinfo=UTC))
    assert path.name == "20261126T170000Z.json"
    told = json.loads(path.read_text("utf-8"))
    assert told["results"]["name"][0]["rows"] == [["one", 1.5]]
    assert told["machine"]["cpus"] >= 1


def test_append_is_compared_with_bare_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    append = importlib.import_module("benchmarks.append")
    monkeypatch.setattr(append, "SIZES", {10: (2, 2)})
    (result,) = append.run(Options(quick=True, rows=1_000, screen=Console(quiet=True)))
    assert [len(row) for row in result.rows] == [len(result.columns)]
