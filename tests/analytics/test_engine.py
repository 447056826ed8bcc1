"""The engine: cursors that know nothing of each other, a budget that holds, no way outside."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vcanalytics.analytics import engine as module
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.errors import BudgetExceeded

#: Longer than any test waits, if nothing stops it.
ENDLESS = (
    "SELECT count(*) FROM range(1000000000) AS a, range(1000) AS b WHERE a.range % 7 = b.range"
)


def test_threads_never_see_each_others_tables(engine: Engine) -> None:
    def ask(number: int) -> tuple[int, int]:
        table = pl.DataFrame({"number": [number] * 50})
        answer = engine.ask(
            "SELECT min(number) AS low, max(number) AS high FROM given", tables={"given": table}
        )
        return answer.row(0)

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(200)))

    assert answers == [(number, number) for number in range(200)]


def test_a_table_is_gone_with_its_question(engine: Engine) -> None:
    engine.ask("SELECT * FROM given", tables={"given": pl.DataFrame({"number": [1]})})
    with pytest.raises(duckdb.CatalogException):
        engine.ask("SELECT * FROM given")


def test_a_variable_of_the_program_is_no_table(engine: Engine) -> None:
    frame = pl.DataFrame({"number": [1]})
    assert frame.height == 1
    with pytest.raises(duckdb.CatalogException):
        engine.ask("SELECT * FROM frame")


def test_a_question_past_its_budget_is_interrupted_and_the_next_one_answered() -> None:
    engine = Engine(60.0, threads=1)
    began = time.monotonic()
    with pytest.raises(BudgetExceeded, match=r"stopped after 0\.1 s") as raised:
        engine.ask(ENDLESS, budget_s=0.1)
    assert time.monotonic() - began < 10
    assert raised.value.hint
    assert engine.ask("SELECT 1 AS one").item() == 1
    engine.close()


def test_waiting_for_a_turn_is_part_of_the_budget() -> None:
    engine = Engine(60.0, concurrent_max=1, threads=1)
    done = threading.Event()

    def occupy() -> None:
        with pytest.raises(BudgetExceeded):
            engine.ask(ENDLESS, budget_s=1.5)
        done.set()

    thread = threading.Thread(target=occupy)
    thread.start()
    # The other question has its turn once a try of no length finds none left.
    deadline = time.monotonic() + 1
    raised = None
    while raised is None and time.monotonic() < deadline:
        try:
            engine.ask("SELECT 1", budget_s=0.01)
        except BudgetExceeded as error:
            raised = error
    assert raised is not None
    assert "waiting for other questions" in raised.what
    assert raised.heals
    thread.join()
    assert done.is_set()
    # The turn is given back after a failure.
    assert engine.ask("SELECT 1 AS one").item() == 1
    engine.close()


class Gone(BaseException):
    """As the end of a script is: no error that anybody handles."""


def test_a_question_nobody_waits_for_is_interrupted_and_the_next_one_answered() -> None:
    looks: list[float] = []

    def still_wanted() -> None:
        looks.append(time.monotonic())
        if len(looks) > 2:
            raise Gone

    engine = Engine(60.0, concurrent_max=1, threads=1, still_wanted=still_wanted)
    began = time.monotonic()
    with pytest.raises(Gone):
        engine.ask(ENDLESS)
    assert time.monotonic() - began < 30
    # Its turn and its worker are free again: there is only one of each.
    assert engine.ask("SELECT 1 AS one").item() == 1
    engine.close()


def test_who_leaves_while_waiting_for_a_turn_takes_none() -> None:
    leaving = threading.Event()

    def still_wanted() -> None:
        if threading.current_thread() is threading.main_thread() and leaving.is_set():
            raise Gone

    engine = Engine(60.0, concurrent_max=1, threads=1, still_wanted=still_wanted)

    def occupy() -> None:
        with pytest.raises(BudgetExceeded):
            engine.ask(ENDLESS, budget_s=2.0)

    thread = threading.Thread(target=occupy)
    thread.start()
    while engine._slots.acquire(blocking=False):
        engine._slots.release()
    leaving.set()
    with pytest.raises(Gone):
        engine.ask("SELECT 1")
    leaving.clear()
    thread.join()
    assert engine.ask("SELECT 1 AS one").item() == 1
    engine.close()


def test_memory_is_bounded_and_nothing_is_spilled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(module._CONFIG, "memory_limit", "20MB")
    monkeypatch.chdir(tmp_path)
    engine = Engine(60.0, threads=1)
    with pytest.raises(BudgetExceeded, match="memory"):
        engine.ask("SELECT range, hash(range) AS h FROM range(10000000) ORDER BY h")
    assert list(tmp_path.iterdir()) == []
    engine.close()


def test_no_question_reaches_a_file(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    for folder in ("inside", "."):
        pl.DataFrame({"number": [1]}).write_parquet(tmp_path / folder / "a.parquet")
    engine = Engine(60.0, segments=tmp_path / "inside")
    inside = engine.ask(f"SELECT number FROM read_parquet('{tmp_path / 'inside' / 'a.parquet'}')")
    assert inside.item() == 1
    with pytest.raises(duckdb.PermissionException):
        engine.ask(f"SELECT number FROM read_parquet('{tmp_path / 'a.parquet'}')")
    with pytest.raises(duckdb.InvalidInputException):
        engine.ask("SET enable_external_access = true")
    engine.close()


def test_times_come_out_in_utc(engine: Engine) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    answer = engine.ask("SELECT $noon AS noon", {"noon": noon})
    assert answer.schema["noon"] == pl.Datetime("us", "UTC")
    assert answer.item() == noon


def test_every_question_says_its_grain_or_what_it_opens() -> None:
    names = sorted(path.stem for path in Path(module.__file__).parent.glob("*.sql"))
    assert "revenue" in names
    for name in names:
        comment = [line for line in sql(name).splitlines() if line.startswith("--")]
        assert sql(name).startswith(comment[0]), name
        assert re.search(r"Grain:|[Oo]pen(s|ing)", " ".join(comment)), name
