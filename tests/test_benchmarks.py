"""The benchmarks' command, and what their tables are reckoned from."""

from __future__ import annotations

import importlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from rich.console import Console

from benchmarks import disk, history, incumbent, ingest, made, made_shop, memory
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.questions import QUESTIONS, Opened, Question
from benchmarks.results import Aim, Options, Result, keep, percentile
from benchmarks.stores import Size, store


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


#: Three days of a small shop at the pace of its own.
SIZE = Size(3_000, 600)


@pytest.fixture
def slow_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "REQUESTS_A_DAY", 1_000)
    monkeypatch.setattr(made, "PAYMENTS_A_DAY", 200)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(
        quick=True,
        rows=1_000,
        screen=Console(quiet=True),
        requests=(1_000, SIZE.requests),
        payments=(200, SIZE.payments),
        cache=tmp_path / "cache",
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A store that is only asked; its folder is that of its file's folder."""
    folder = tmp_path_factory.mktemp("kept")
    quiet = Options(quick=True, rows=1_000, screen=Console(quiet=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "REQUESTS_A_DAY", 1_000)
        patch.setattr(made, "PAYMENTS_A_DAY", 200)
        path = store(folder, SIZE, quiet)
    with closing(Opened(path)) as opened:
        yield opened


def test_help_says_what_is_measured_how_long_and_how_much_disk() -> None:
    told = CliRunner().invoke(main, ["history", "--help"])
    assert told.exit_code == 0
    assert "as history grows" in told.output
    assert "GB" in told.output
    assert "--cache" in told.output


@pytest.mark.parametrize("given", ["9", "a", "1e6,", "nan"])
def test_sizes_that_are_none_are_refused(given: str) -> None:
    assert CliRunner().invoke(main, ["history", "--requests", given]).exit_code == 2


def test_as_many_stores_of_requests_as_of_payments_are_asked_for() -> None:
    refused = CliRunner().invoke(main, ["history", "--requests", "1e6,2e6", "--payments", "1e5"])
    assert refused.exit_code == 2


def test_the_same_seed_makes_the_same_rows_and_another_one_others() -> None:
    day = made.NOW.date()
    assert made.requests(day, 100, 7).equals(made.requests(day, 100, 7))
    assert not made.requests(day, 100, 7).equals(made.requests(day, 100, 8))
    assert made.payments(day, 100, 7).equals(made.payments(day, 100, 7))


def test_nothing_is_made_of_the_future(slow_shop: None) -> None:
    for _, day in made.books(made.days_of(1_000, 100), 100):
        for frame in (day.transactions, day.disputes, day.mails):
            assert frame.filter(pl.col("observed_at") > made.NOW).is_empty()


def test_a_refund_is_a_later_version_of_its_payment(slow_shop: None) -> None:
    seen = pl.concat(day.transactions for _, day in made.books(made.days_of(2_000, 100), 100))
    refunded = seen.filter(pl.col("status") == "refunded")
    assert refunded.height
    before = seen.filter(pl.col("status") == "completed").select(
        "transaction_id", first="observed_at"
    )
    both = refunded.join(before, on="transaction_id")
    assert both.height == refunded.height
    assert (both["observed_at"] - both["first"]).unique().to_list() == [made.REFUND_AFTER]


def test_all_rows_that_are_made_stand_in_the_store_sealed(kept: Opened) -> None:
    wanted = sum(made.requests(day, 1_000).height for day in made.days_of(3_000, 1_000))
    assert kept.catalogue.states()["requests"].rows == wanted
    with kept.catalogue.read() as connection:
        assert not connection.exec_driver_sql("SELECT count(*) FROM batch").scalar()


def test_a_store_is_made_once_and_anew_where_that_was_interrupted(
    options: Options, slow_shop: None, tmp_path: Path
) -> None:
    path = store(tmp_path, SIZE, options)
    (path / "witness").touch()
    store(tmp_path, SIZE, options)
    assert (path / "witness").exists()
    (path / "made.json").unlink()
    store(tmp_path, SIZE, options)
    assert not (path / "witness").exists()


def test_a_store_that_the_disk_has_no_room_for_is_refused(options: Options, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="GB of free disk"):
        store(tmp_path, Size(10**12, 1_000), options)


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_each_question_is_answered(kept: Opened, question: Question) -> None:
    assert kept.ask(question) is not None


def test_history_compares_each_question_on_every_size(
    options: Options, slow_shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # That each can be answered is looked at above, on one size.
    some = QUESTIONS[:3] + QUESTIONS[-1:]
    monkeypatch.setattr(history, "QUESTIONS", some)
    (result,) = history.run(options)
    assert [row[:2] for row in result.rows] == [(q.page, q.name) for q in some]
    assert {len(row) for row in result.rows} == {len(result.columns)}


def test_a_question_over_its_budget_has_no_figures_and_misses_its_aims() -> None:
    (question, *_) = QUESTIONS
    told = history.told_of(
        [Size(1_000, 1_000), SIZE], [(question, [[9.0], None], [[1.0, 2.0], None])]
    )
    assert list(told.rows[0][2:]) == [9.0, 1.5, pytest.approx(1.95), None, None, None, None]
    assert not any(aim.met for aim in told.aims)


def test_the_incumbents_are_asked_what_the_pages_ask(options: Options, slow_shop: None) -> None:
    (result,) = incumbent.run(options)
    assert [row[1] for row in result.rows] == [asked.question for asked in incumbent.ASKED]
    assert {len(row) for row in result.rows} == {len(result.columns)}


def test_the_incumbents_hold_the_same_rows(
    kept: Opened, options: Options, slow_shop: None, tmp_path: Path
) -> None:
    with (
        closing(sqlite3.connect(made_shop.shop(tmp_path, SIZE, options))) as bare,
        closing(incumbent.plain_duckdb(kept.catalogue.path.parent)) as plain,
    ):
        for asked in incumbent.ASKED:
            found = incumbent.ask_sqlite(bare, asked, kept.known)
            raw = incumbent.ask_duckdb(plain, asked, kept.known)
            assert [len(rows) for rows in found] == [len(rows) for rows in raw], asked
            assert all(found) or asked.more, asked


@pytest.mark.parametrize("way", ["store", "sqlite"])
def test_ingest_times_every_append_and_loses_none(tmp_path: Path, way: str) -> None:
    assert ingest.measured(tmp_path / way, way, writers=2, readers=0, seconds=0.2)


def test_a_rate_counts_what_each_writer_appended() -> None:
    assert ingest.rate([2.0, 2.0, 2.0, 2.0], writers=2) == pytest.approx(2 * ingest.BATCH * 500)


def test_disk_tells_bytes_of_each_kind_of_row(options: Options, slow_shop: None) -> None:
    (result,) = disk.run(options)
    assert [row[0] for row in result.rows] == [
        "payment, as first read",
        "payment, as seen live",
        "request sample",
        "system value",
    ]
    assert all(isinstance(row[2], float) and row[2] > 0 for row in result.rows)


def test_a_reader_tells_its_memory(options: Options, slow_shop: None) -> None:
    result = memory.reader(options)
    opened, most = (row[1] for row in result.rows)
    assert isinstance(opened, float)
    assert isinstance(most, float)
    assert 0 < opened <= most


def test_payments_seen_live_have_three_versions_the_last_as_it_ended() -> None:
    final = made.payments(made.NOW.date() - timedelta(days=1), 50)
    live = made.seen_live(final)
    assert live.group_by("transaction_id").len()["len"].unique().to_list() == [3]
    last = live.unique("transaction_id", keep="last").sort("transaction_id")
    assert last["status"].to_list() == final.sort("transaction_id")["status"].to_list()
