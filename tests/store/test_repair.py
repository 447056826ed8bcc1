"""``check --repair``: sound afterwards, the rest answers, and what is lost is known by count."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collectors.rig import ROOT
from tests.store.backing_up import backup, fill, flip
from tests.store.full import full_beyond
from tests.store.rows import NOON, keep, paid, requests
from tests.store.test_check import change
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import REQUESTS, STREAMS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.batches import encode
from vcanalytics.store.checking import parts
from vcanalytics.store.checking.check import Finding, check
from vcanalytics.store.checking.parts import Part
from vcanalytics.store.manifest import Change, enter, manifest, manifests
from vcanalytics.store.quarantine import Quarantined, quarantined
from vcanalytics.store.repairing.repair import Done, repair
from vcanalytics.store.sealer import seal
from vcanalytics.store.segments import Segment
from vcanalytics.store.shapes import shape_of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled store to copy."""
    data_dir = tmp_path_factory.mktemp("model") / "data"
    with closing(Catalogue.open(data_dir)) as catalogue:
        fill(catalogue)
    return data_dir


@pytest.fixture
def filled(model: Path, tmp_path: Path) -> Iterator[Catalogue]:
    shutil.copytree(model, tmp_path / "data")
    catalogue = Catalogue.open(tmp_path / "data")
    yield catalogue
    catalogue.close()


def files(catalogue: Catalogue, stream: str) -> list[Segment]:
    with catalogue.read() as connection:
        return manifest(connection, stream)


def aside(catalogue: Catalogue) -> list[Quarantined]:
    with catalogue.read() as connection:
        return quarantined(connection)


def path_of(catalogue: Catalogue, segment: Segment) -> Path:
    return Segments(catalogue.path.parent).local(segment.key)


def ids(catalogue: Catalogue, stream: str) -> list[int]:
    table = Reader(catalogue).snapshot().table(stream)
    return sorted(table.column("source_id").to_pylist())


def damage_batch(catalogue: Catalogue, stream: str, seq: int) -> None:
    change(
        catalogue,
        "UPDATE batch SET payload = substr(payload, 1, length(payload) - 20)"
        " WHERE stream = ? AND seq = ?",
        stream,
        seq,
    )


def test_a_sound_store_is_left_as_it_is(filled: Catalogue) -> None:
    before = ids(filled, "requests"), ids(filled, "transactions")
    assert repair(filled, NOON) == []
    assert (ids(filled, "requests"), ids(filled, "transactions")) == before
    assert check(filled) == []


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing", "empty"])
def test_a_file_that_cannot_be_read_is_kept_aside_and_the_rest_answers(
    filled: Catalogue, damage: str
) -> None:
    newest = files(filled, "requests")[-1]
    path = path_of(filled, newest)
    if damage == "flipped":
        flip(path, 3_000)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
    rotten = path.read_bytes() if path.exists() else None
    assert [finding.stream for finding in check(filled)] == ["requests"]

    done = repair(filled, NOON)

    assert [one.stream for one in done] == ["requests"]
    assert f"segment {newest.key} is put into quarantine, 50 rows" in done[0].what
    assert check(filled) == []
    assert repair(filled, NOON) == []
    (entry,) = aside(filled)
    assert (entry.rows, entry.first_at, entry.last_at) == (50, newest.first_at, newest.last_at)
    assert entry.quarantined_at == NOON
    if rotten is None:
        assert entry.file == ""
    else:
        kept = filled.path.parent / "quarantine" / entry.file
        assert kept.read_bytes() == rotten
    assert not path.exists()
    # Two of three days and the hot ones.
    assert len(ids(filled, "requests")) == 102
    (missing,) = Reader(filled).snapshot().damage
    assert (missing.stream, missing.rows, missing.first_at, missing.last_at, missing.aside) == (
        "requests",
        50,
        newest.first_at,
        newest.last_at,
        True,
    )


def test_a_damaged_batch_is_kept_aside_and_sealing_goes_on(filled: Catalogue) -> None:
    seq = filled.append("requests", "r", "rotten", requests(100, 101, 102))
    filled.append("requests", "r", "later", requests(200))
    # The oldest that is hot: nothing of the stream could be sealed past it.
    change(filled, "DELETE FROM batch WHERE stream = 'requests' AND seq < ?", seq)
    change(filled, "DELETE FROM ledger WHERE stream = 'requests' AND seq = ?", seq - 1)
    change(filled, "UPDATE stream SET rows = rows - 2 WHERE name = 'requests'")
    damage_batch(filled, "requests", seq)
    segments = Segments(filled.path.parent)
    with pytest.raises(StoreError, match=f"batch {seq} is damaged"):
        seal(filled, segments, REQUESTS, NOON)

    done = repair(filled, NOON)

    assert any(f"batch {seq} is put into quarantine, 3 rows" in one.what for one in done)
    assert check(filled) == []
    sealed = seal(filled, segments, REQUESTS, NOON)
    assert sealed is not None
    assert sealed.rows == 1
    assert check(filled) == []
    (entry,) = aside(filled)
    assert (entry.name, entry.rows, entry.first_at) == (f"batch {seq}", 3, NOON)
    assert (filled.path.parent / "quarantine" / entry.file).stat().st_size == entry.bytes


@given(data=st.data())
@settings(max_examples=8)
def test_any_flipped_bit_is_found_and_repaired(
    model: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    top = tmp_path_factory.mktemp("flipped")
    shutil.copytree(model, top / "data")
    with closing(Catalogue.open(top / "data")) as catalogue:
        bit = data.draw(st.integers(0, 1 << 40))
        with catalogue.read() as connection:
            sealed = [s for some in manifests(connection).values() for s in some]
            hot = connection.exec_driver_sql("SELECT stream, seq, payload FROM batch").all()
        before = len(ids(catalogue, "requests")) + len(ids(catalogue, "transactions"))
        at = data.draw(st.integers(0, len(sealed) + len(hot) - 1))
        if at < len(sealed):
            flip(path_of(catalogue, sealed[at]), bit)
        else:
            stream, seq, payload = hot[at - len(sealed)]
            turned = bytearray(payload)
            turned[bit // 8 % len(turned)] ^= 1 << bit % 8
            change(
                catalogue,
                "UPDATE batch SET payload = ? WHERE stream = ? AND seq = ?",
                bytes(turned),
                stream,
                seq,
            )
        assert check(catalogue) != []

        repair(catalogue, NOON)

        assert check(catalogue) == []
        # What is derived is made anew.
        raw = at >= len(sealed) or sealed[at].stream in STREAMS
        assert len(aside(catalogue)) == raw
        after = len(ids(catalogue, "requests")) + len(ids(catalogue, "transactions"))
        counted = {"requests", "transactions"}
        lost = sum(entry.rows for entry in aside(catalogue) if entry.stream in counted)
        assert after == before - lost
    shutil.rmtree(top)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "DELETE FROM ledger WHERE stream = 'requests' AND seq = 4",
            "batch 4 is entered in the ledger anew, 2 rows; the key it came with is lost",
        ),
        (
            "UPDATE ledger SET rows = 4 WHERE stream = 'requests' AND seq = 4",
            "batch 4: the ledger says 2 rows now, not 4",
        ),
        (
            "UPDATE ledger SET rows = 1 WHERE stream = 'requests' AND seq = 4",
            "batch 4: the ledger says 2 rows now, not 1",
        ),
        (
            "UPDATE batch SET rows = 9 WHERE stream = 'requests'",
            "batch 4: its entry says 2 rows now, not 9",
        ),
        ("UPDATE stream SET rows = 9 WHERE name = 'requests'", "the counter says 152 rows"),
        ("UPDATE stream SET seq = 2 WHERE name = 'requests'", "the counter says 152 rows in 4"),
        ("DELETE FROM stream WHERE name = 'requests'", "the counter says 152 rows in 4"),
        ("UPDATE current_row SET seq = 1 WHERE row_key = 'VC_3'", "row VC_3 is put at (3, False)"),
        ("UPDATE current_row SET deleted = 1 WHERE row_key = 'VC_3'", "row VC_3 is put at"),
        ("DELETE FROM current_row WHERE row_key = 'VC_3'", "row VC_3 is put at (3, False)"),
        (
            "UPDATE current_row SET row_key = 'VC_9' WHERE row_key = 'VC_3'",
            "row VC_9 is put at None",
        ),
    ],
)
def test_a_changed_entry_is_put_right_and_no_row_goes(
    filled: Catalogue, statement: str, says: str
) -> None:
    before = ids(filled, "requests"), ids(filled, "transactions")
    change(filled, statement)
    assert check(filled) != []

    done = repair(filled, NOON)

    assert any(one.what.startswith(says) for one in done), done
    assert check(filled) == []
    assert aside(filled) == []
    assert (ids(filled, "requests"), ids(filled, "transactions")) == before
    assert repair(filled, NOON) == []


def test_rows_that_are_gone_are_entered_as_lost(filled: Catalogue) -> None:
    change(filled, "DELETE FROM batch WHERE stream = 'requests'")

    done = repair(filled, NOON)

    assert Done("requests", "batch 4: 2 rows are entered as lost") in done
    assert check(filled) == []
    (entry,) = aside(filled)
    assert (entry.name, entry.rows, entry.file) == ("batch 4", 2, "")
    assert [d.rows for d in Reader(filled).snapshot().damage] == [2]
    # Counters are what was acknowledged: nothing is hidden by counting less.
    assert filled.states()["requests"].rows == 152


def test_a_lost_history_is_made_of_the_newest_version(filled: Catalogue) -> None:
    (row,) = filled.current_by_key("transactions", ["VC_2"]).values()
    change(filled, "DELETE FROM current_row WHERE row_key = 'VC_2'")
    repair(filled, NOON)
    (anew,) = filled.current_by_key("transactions", ["VC_2"]).values()
    assert (anew.source_id, anew.seq, anew.deleted) == (row.source_id, row.seq, row.deleted)
    assert '"captured":true' in anew.state
    # No row of the source has this one: the collectors read it again.
    assert anew.fingerprint == 0


def test_rows_whose_newest_version_is_lost_are_read_again(filled: Catalogue) -> None:
    (segment,) = files(filled, "transactions")
    flip(path_of(filled, segment), 900)
    states = {key: row.state for key, row in filled.current_by_key("transactions", KEYS).items()}

    done = repair(filled, NOON)

    what = "1 rows whose newest version is lost are read again from the source"
    assert Done("transactions", what) in done
    rows = filled.current_by_key("transactions", KEYS)
    # VC_1 and VC_3 have a newer version that is hot.
    assert rows["VC_2"].fingerprint == 0
    assert (rows["VC_1"].fingerprint, rows["VC_3"].fingerprint) == (7, 7)
    assert {key: row.state for key, row in rows.items()} == states
    assert check(filled) == []
    assert repair(filled, NOON) == []
    # As a collector does.
    keep(filled, "again", paid(2, "-7.10", "EUR"))
    assert check(filled) == []


KEYS = ["VC_1", "VC_2", "VC_3"]


def test_a_reader_that_was_there_before_sees_what_is_missing(filled: Catalogue) -> None:
    reader = Reader(filled)
    assert reader.snapshot().table("requests").num_rows == 152
    damage_batch(filled, "requests", 4)
    seen = filled.seqs()["requests"]

    repair(filled, NOON)

    snapshot = reader.snapshot()
    assert snapshot.table("requests").num_rows == 150
    assert [d.rows for d in snapshot.damage] == [2]
    # What was cached under the old number is asked anew.
    assert filled.seqs()["requests"] > seen


def test_files_that_no_manifest_names_are_removed(filled: Catalogue) -> None:
    stray = path_of(filled, files(filled, "requests")[0]).with_name("stray.parquet.writing")
    stray.write_bytes(b"left over")
    done = repair(filled, NOON)
    assert [one.what for one in done] == [
        "file requests/2026/stray.parquet.writing, which no manifest names, is removed"
    ]
    assert not stray.exists()


def test_what_lies_in_quarantine_is_watched_over(filled: Catalogue) -> None:
    flip(path_of(filled, files(filled, "requests")[0]), 3_000)
    repair(filled, NOON)
    (entry,) = aside(filled)
    kept = filled.path.parent / "quarantine" / entry.file
    flip(kept, 5)
    assert check(filled) == [Finding("", f"quarantine/{entry.file} is not what was put there")]
    repair(filled, NOON)
    assert check(filled) == []
    kept.unlink()
    assert check(filled) == [Finding("", f"quarantine/{entry.file} is missing")]
    repair(filled, NOON)
    assert check(filled) == []
    assert [one.rows for one in aside(filled)] == [50]


def test_a_backup_takes_the_quarantine_along(filled: Catalogue, tmp_path: Path) -> None:
    flip(path_of(filled, files(filled, "requests")[0]), 3_000)
    repair(filled, NOON)
    (entry,) = aside(filled)
    taken = backup(filled, tmp_path / "backup")
    assert f"quarantine/{entry.file}" in {file.stored for file in taken.record.files}
    with closing(Catalogue(tmp_path / "backup" / taken.record.catalogue.stored)) as copy:
        assert check(copy) == []


# What is derived


def derive(catalogue: Catalogue) -> Segment:
    """A file of a series that is no stream: as if response times were gathered by the hour."""
    segments = Segments(catalogue.path.parent)
    rows = segments.read(files(catalogue, "requests")[0].key)
    segment = segments.write(replace(shape_of(REQUESTS), name="requests.minutes"), rows)
    with catalogue.transaction() as connection:
        enter(connection, Change([segment]), NOON)
    return segment


@pytest.mark.parametrize("damage", ["flipped", "missing", "counted"])
def test_a_derived_file_is_verified_and_without_a_part_put_aside(
    filled: Catalogue, damage: str
) -> None:
    segment = derive(filled)
    path = path_of(filled, segment)
    assert check(filled) == []
    if damage == "flipped":
        flip(path, 2_000)
    elif damage == "missing":
        path.unlink()
    else:
        change(filled, "UPDATE segment SET rows = rows + 1 WHERE key = ?", segment.key)
    (finding,) = check(filled)
    assert finding.stream == "requests.minutes"

    done = repair(filled, NOON)

    assert [one.stream for one in done] == ["requests.minutes"]
    assert check(filled) == []
    assert [one.stream for one in aside(filled)] == ["requests.minutes"]


def test_a_part_that_is_wrong_is_made_anew(filled: Catalogue) -> None:
    wrong = ["10:00 USD: gross 49.00, recounted 49.01", "11:00 USD: gross 0, recounted 1"]
    asked: list[datetime] = []

    def verify(_catalogue: Catalogue, _segments: Segments) -> list[str]:
        return wrong

    def rebuild(_catalogue: Catalogue, _segments: Segments, now: datetime) -> None:
        asked.append(now)
        wrong.clear()

    books = (Part("books", verify, rebuild),)
    assert check(filled, parts=books) == [Finding("books", what) for what in wrong]

    done = repair(filled, NOON + timedelta(hours=1), parts=books)

    assert done == [
        Done("books", "made anew from its rows: 10:00 USD: gross 49.00, recounted 49.01")
    ]
    assert asked == [NOON + timedelta(hours=1)]
    assert check(filled, parts=books) == []
    assert repair(filled, NOON, parts=books) == []


def test_names_of_parts_are_given_once() -> None:
    assert len({part.name for part in parts.PARTS}) == len(parts.PARTS)


# Beside others


@pytest.mark.slow
def test_check_beside_a_writer_and_a_sealer_finds_nothing(tmp_path: Path) -> None:
    Catalogue.open(tmp_path).close()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.busy", str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as busy:
        assert busy.stdout is not None
        assert busy.stdout.readline() == "sealed\n"
        with closing(Catalogue.open(tmp_path)) as catalogue:
            for _ in range(10):
                assert check(catalogue) == []
        busy.communicate("stop\n", timeout=60)


def test_many_batches_are_checked_a_window_at_a_time(
    filled: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vcanalytics.store.checking.rows.WINDOW", 2)
    monkeypatch.setattr("vcanalytics.store.checking.current.SLICE", 2)
    assert check(filled) == []
    change(filled, "DELETE FROM ledger WHERE stream = 'requests' AND seq IN (2, 3)")
    change(filled, "DELETE FROM current_row WHERE row_key IN ('VC_1', 'VC_3')")
    found = {finding.what for finding in check(filled)}
    assert found >= {
        "batch 2 has no entry in the ledger",
        "batch 3 has no entry in the ledger",
        "row VC_1 stands at None, its versions say (4, False)",
        "row VC_3 stands at None, its versions say (3, False)",
    }
    repair(filled, NOON)
    assert check(filled) == []


def test_a_flipped_batch_that_still_decodes_is_no_longer_possible(filled: Catalogue) -> None:
    payload = encode(requests(1))
    change(filled, "UPDATE batch SET payload = ? WHERE stream = 'requests'", payload)
    assert Finding("requests", "batch 4 holds 1 rows, its entry says 2") in check(filled)
    repair(filled, NOON)
    assert check(filled) == []
    assert [one.rows for one in aside(filled)] == [1]


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


@pytest.mark.parametrize("at", ["enter", "announce"])
def test_a_repair_that_is_killed_is_run_again(
    filled: Catalogue, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    path = path_of(filled, files(filled, "requests")[0])
    flip(path, 3_000)
    rotten = path.read_bytes()
    damage_batch(filled, "requests", 4)

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as then:
        then.setattr(f"vcanalytics.store.repairing.quarantining.{at}", kill)
        with pytest.raises(Killed):
            repair(filled, NOON)
    # Nothing has left what is read, and nothing is said to have.
    assert aside(filled) == []
    assert len(files(filled, "requests")) == 3

    repair(filled, NOON)

    assert check(filled) == []
    kept = {one.name: one for one in aside(filled)}
    assert {one.rows for one in kept.values()} == {50, 2}
    folder = filled.path.parent / "quarantine"
    assert len(list(folder.iterdir())) == 2
    (file,) = [one.file for one in kept.values() if one.file.endswith(".parquet")]
    assert (folder / file).read_bytes() == rotten


def test_a_disk_that_is_full_while_something_is_put_aside(filled: Catalogue) -> None:
    damage_batch(filled, "requests", 4)
    with full_beyond(10), pytest.raises(StoreError, match="cannot be put aside") as told:
        repair(filled, NOON)
    assert len(str(told.value).splitlines()) == 1
    assert aside(filled) == []
    repair(filled, NOON)
    assert check(filled) == []
