"""The catalogue: what is acknowledged is kept once, whole, in one order for everybody."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.store.rows import NOON, keep, payments, requests, stands
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import REQUESTS, STREAMS
from vcanalytics.store import Catalogue, CurrentRow, Reader, schema
from vcanalytics.store import catalogue as catalogue_module
from vcanalytics.store.batches import make_batch
from vcanalytics.store.checking.check import check

ROOT = Path(__file__).parents[2]


def test_each_stream_counts_its_own_batches(catalogue: Catalogue) -> None:
    assert catalogue.append("requests", "a", "1", requests(1)) == 1
    assert catalogue.append("requests", "a", "2", requests(2)) == 2
    assert keep(catalogue, "1", payments((1, "pending"))) == 1
    assert catalogue.seqs() == {"requests": 2, "transactions": 1}


def test_the_same_key_again_adds_nothing_and_has_the_number_it_had(catalogue: Catalogue) -> None:
    first = catalogue.append("requests", "a", "1", requests(1))
    catalogue.append("requests", "a", "2", requests(2))

    assert catalogue.append("requests", "a", "1", requests(8, 9)) == first

    state = catalogue.states()["requests"]
    assert (state.seq, state.rows) == (2, 2)
    assert check(catalogue) == []


def test_a_refused_batch_moves_no_current_row(catalogue: Catalogue) -> None:
    keep(catalogue, "1", payments((1, "pending")))
    keep(catalogue, "2", payments((1, "failed")))
    keep(catalogue, "1", payments((1, "pending")))

    assert catalogue.current_by_key("transactions", ["VC_1"])["VC_1"].seq == 2
    assert check(catalogue) == []


def test_the_same_key_of_another_source_is_another_batch(catalogue: Catalogue) -> None:
    assert catalogue.append("requests", "a", "1", requests(1)) == 1
    assert catalogue.append("requests", "b", "1", requests(1)) == 2
    assert catalogue.states()["requests"].rows == 2


def whole(catalogue: Catalogue) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with catalogue.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in schema.metadata.sorted_tables
        }


def test_a_write_that_fails_leaves_nothing_behind(catalogue: Catalogue) -> None:
    batch = payments((1, "pending"))
    before = whole(catalogue)

    def write() -> None:
        with catalogue.write(NOON) as writer:
            writer.append("transactions", "test", "1", batch, stands(batch))
            writer.reject("transactions", "2", "no id", "{}")
            writer.set_fact("source", {"problem": "none"})
            writer.note_read("transactions", NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()

    assert whole(catalogue) == before
    assert keep(catalogue, "1", batch) == 1


@given(st.lists(st.lists(st.integers(-(10**6), 10**6), max_size=4), max_size=6))
def test_counters_say_how_many_rows_and_from_when_to_when(minutes: list[list[int]]) -> None:
    with TemporaryDirectory() as folder:
        catalogue = Catalogue.open(Path(folder))
        times = [NOON + timedelta(minutes=minute) for some in minutes for minute in some]
        for key, some in enumerate(minutes):
            rows = [
                {
                    "happened_at": NOON + timedelta(minutes=minute),
                    "kind": "request_time",
                    "endpoint": "/",
                    "value_ms": 1.0,
                    "status": "success",
                }
                for minute in some
            ]
            catalogue.append("requests", "test", str(key), make_batch(REQUESTS, rows))
        state = catalogue.states()["requests"]
        catalogue.close()

    assert (state.seq, state.rows) == (len(minutes), len(times))
    assert (state.first_at, state.last_at) == (min(times, default=None), max(times, default=None))


def test_every_stream_has_a_state_also_without_rows(catalogue: Catalogue) -> None:
    states = catalogue.states()

    assert list(states) == list(STREAMS)
    assert {(s.seq, s.rows, s.rejected, s.read_at) for s in states.values()} == {(0, 0, 0, None)}


def test_a_read_is_noted_and_how_far_history_has_come(catalogue: Catalogue) -> None:
    with catalogue.write(durable=False) as writer:
        writer.note_read("mails", NOON, done=3, total=10)
    assert catalogue.states()["mails"].reading_history

    with catalogue.write(durable=False) as writer:
        writer.note_read("mails", NOON + timedelta(seconds=1))
    state = catalogue.states()["mails"]
    assert (state.read_at, state.done, state.total) == (NOON + timedelta(seconds=1), 3, 10)


def test_a_row_kept_aside_is_counted_until_it_can_be_read(catalogue: Catalogue) -> None:
    for at, reason in ((NOON, "no time"), (NOON + timedelta(hours=1), "no id")):
        with catalogue.write(at) as writer:
            writer.reject("mails", "5", reason, '{"id": 5}')

    (aside,) = catalogue.rejected("mails")
    assert (aside["reason"], aside["row"]) == ("no id", '{"id": 5}')
    assert aside["last_seen_at"] - aside["first_seen_at"] == timedelta(hours=1)
    assert catalogue.states()["mails"].rejected == 1
    assert catalogue.rejected("disputes") == []

    with catalogue.write(NOON) as writer:
        writer.resolve("mails", ["5", "6"])
    assert catalogue.rejected() == []
    assert catalogue.states()["mails"].rejected == 0

    with catalogue.write(NOON) as writer:
        writer.reject("mails", "5", "no id", '{"id": 5}')
    assert catalogue.states()["mails"].rejected == 1


@pytest.mark.parametrize("value", [{"a": [1, None]}, "text", 0, False, []])
def test_a_fact_comes_back_as_it_was_given(catalogue: Catalogue, value: object) -> None:
    with catalogue.write() as writer:
        writer.set_fact("it", value)
    assert catalogue.fact("it") == value


def test_a_fact_can_be_forgotten(catalogue: Catalogue) -> None:
    with catalogue.write() as writer:
        writer.set_fact("it", 1)
        writer.set_fact("it", None)
    assert catalogue.fact("it") is None


def test_current_rows_are_found_by_more_keys_than_a_statement_can_bind(
    catalogue: Catalogue,
) -> None:
    numbers = range(1, 40_001)
    rows = [CurrentRow(f"VC_{n}", n, n, "state", deleted=n % 4 == 0) for n in numbers]
    catalogue.append("transactions", "test", "1", payments((1, "pending")), rows)

    by_key = catalogue.current_by_key("transactions", [f"VC_{n}" for n in (0, *numbers)])
    by_source = catalogue.current_by_source("transactions", [0, *numbers])

    assert by_key.keys() == {row.row_key for row in rows}
    assert by_key["VC_4"] == CurrentRow("VC_4", 4, 4, "state", deleted=True, seq=1)
    assert sorted(by_source) == [n for n in numbers if n % 4]
    listed = list(catalogue.current_rows("transactions"))
    assert listed == [(r.row_key, r.source_id, r.fingerprint, r.deleted) for r in rows]
    assert catalogue.current_by_key("transactions", []) == {}


@contextmanager
def writers(folder: Path, *sources: str, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.store.appending", str(folder), source, str(count)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for source in sources
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_writers_of_several_processes_and_a_reader_at_once(tmp_path: Path) -> None:
    """Two of the three writers send the same keys, as a restarted one would."""
    count = 60
    with writers(tmp_path, "a", "a", "b", count=count) as processes:
        catalogue = Catalogue.open(tmp_path)
        reader, done = Reader(catalogue), threading.Event()
        seen: list[int] = []

        def read() -> None:
            while not done.is_set():
                snapshot = reader.snapshot(["requests"])
                rows = snapshot.table("requests").num_rows
                assert rows == snapshot.state("requests").rows == snapshot.state("requests").seq
                seen.append(rows)

        reading = threading.Thread(target=read)
        reading.start()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=60)[0].split() for process in processes]
        done.set()
        reading.join()

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert outputs[0] == outputs[1]
    numbers = sorted(int(number) for number in {*outputs[0], *outputs[2]})
    assert numbers == list(range(1, 2 * count + 1))
    assert seen == sorted(seen)
    assert reader.snapshot(["requests"]).table("requests").num_rows == 2 * count
    assert check(catalogue) == []
    catalogue.close()


def test_opened_by_many_at_once_a_new_catalogue_is_made_once(tmp_path: Path) -> None:
    errors: list[Exception] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait()
        try:
            Catalogue.open(tmp_path).close()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is shown
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    opened = Catalogue.open(tmp_path)
    assert check(opened) == []
    opened.close()


def test_a_file_held_too_long_by_another_is_said_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "BUSY_TIMEOUT_MS", 50)
    holder, other = Catalogue.open(tmp_path), Catalogue.open(tmp_path)

    with holder.transaction():
        with pytest.raises(StoreError, match="cannot be written: database is locked") as raised:
            other.append("requests", "a", "1", requests(1))
        assert other.seqs() == {}

    assert raised.value.heals
    assert other.append("requests", "a", "1", requests(1)) == 1
    holder.close()
    other.close()


def test_a_catalogue_that_breaks_while_it_is_open_is_said(tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE stream")

    for ask in (catalogue.seqs, catalogue.states, Reader(catalogue).snapshot):
        with pytest.raises(StoreError, match="the store cannot be read: no such table") as raised:
            ask()
        assert "check" in raised.value.hint
    catalogue.close()


def test_no_catalogue_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no catalogue yet"):
        Catalogue.open(tmp_path / "new", create=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough " * 100, b"SQLite format 3\0" + b"\xff" * 5000],
)
def test_a_file_that_is_no_catalogue_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "catalogue.db"
    path.write_bytes(content)

    with pytest.raises(StoreError, match="the catalogue cannot be opened") as raised:
        Catalogue.open(tmp_path)

    assert str(path) in str(raised.value)
    assert "VC_DATA_DIR" in raised.value.hint
    assert path.read_bytes() == content


def test_a_file_where_the_folder_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError, match="cannot be opened"):
        Catalogue.open(tmp_path / "data")


@contextmanager
def without_rights() -> Iterator[None]:
    """Nobody's rights for the block: to root no folder is read-only."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_a_read_only_folder_is_said() -> None:
    # Beside the others, not below them: pytest's own folders are closed to everybody else.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        with without_rights(), pytest.raises(StoreError, match="cannot be opened") as raised:
            Catalogue.open(Path(folder))
        Path(folder).chmod(0o755)
    assert "writable" in raised.value.hint


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_that_cannot_be_entered_is_said(create: bool) -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0)
        with without_rights(), pytest.raises(StoreError, match="Permission denied") as raised:
            Catalogue.open(Path(folder) / "data", create=create)
        Path(folder).chmod(0o755)
    assert "VC_DATA_DIR" in raised.value.hint


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"value_ms": "fast"}, "does not fit"),
        ({"happened_at": None}, "happened_at is missing"),
        ({"source_id": 2**70}, "does not fit"),
    ],
)
def test_a_row_that_does_not_fit_its_stream_is_refused(row: dict[str, object], words: str) -> None:
    whole = {
        "source_id": 1,
        "happened_at": NOON,
        "kind": "request_time",
        "endpoint": "/",
        "value_ms": 1.0,
        "status": "success",
    }
    with pytest.raises(StoreError, match=words):
        make_batch(REQUESTS, [whole, whole | row])
