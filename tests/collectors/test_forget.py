"""A customer who is forgotten is nowhere, does not come back, and leaves every sum as it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.rig import NOW, Console, environment, eventually, running
from tests.commands.asked import Store
from tests.shop import Shop, make_shop
from vcanalytics.errors import UsageError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Reader, Segments, schema
from vcanalytics.store.forget import finish, forget, pending
from vcanalytics.store.manifest import GRACE, clean
from vcanalytics.store.sealer import seal

BOB = "Bob.Smith@Example.com"
OTHERS = ("ann@example.com", "jimbob.smith@example.com", "bob.smith@example.com.au")
SEALED = ("transactions", "mails", "activity", "logs")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = make_shop(tmp_path / "shop.db")
    shop.insert(
        "users",
        username="bobby",
        email=BOB.lower(),
        password_hash="x",
        salt="y",
        created_at="2026-11-20 08:00:00",
        last_login="2026-11-20 09:00:00",
        is_active=1,
    )
    for number, email in enumerate((BOB, *OTHERS, BOB.upper(), f" {BOB} "), start=1):
        shop.transaction(f"VC_{number}", email=email, username="bobby" if number == 1 else None)
        shop.complete(f"VC_{number}", amount=10.5 * number, payer_email=email)
    shop.refund("VC_1")
    shop.update("VC_5", status="failed", error_message=f"User with email {BOB} already exists")
    # Its time cannot be read: it is kept aside, whole.
    shop.transaction("VC_7", email=BOB, created_at="yesterday")
    shop.dispute("DISP_9", "VC_2", customer_email=BOB, resolution_notes=f"asked {BOB}")
    shop.mail(recipient_email=BOB, subject=f"Welcome, {BOB}", smtp_response=f"250 <{BOB}> ok")
    shop.mail(recipient_email=OTHERS[0])
    shop.insert(
        "user_uploads",
        user_id=1,
        filename="a.png",
        original_filename="bobs-portrait.png",
        file_size=9,
        upload_date="2026-11-20 09:30:00",
        svg_filename="a.svg",
        processing_time=1.5,
    )
    shop.insert(
        "system_logs",
        level="ERROR",
        component="mail",
        message=f"no answer for {BOB}",
        details=json.dumps({"to": BOB, "ip": "192.0.2.9"}),
        user_email=BOB,
        created_at="2026-11-20 10:00:00",
    )
    return shop


@pytest.fixture
def console(tmp_path: Path, shop: Shop) -> Console:
    console = Console(tmp_path / "data", shop.url)
    console.once()
    return console


def seal_some(console: Console) -> Segments:
    segments = Segments(console.settings.data_dir)
    for name in SEALED:
        assert seal(console.catalogue, segments, STREAMS[name], NOW) is not None
    return segments


def told(console: Console) -> str:
    """Everything the store holds, as text: rows in any file, current rows, rows kept aside."""
    said: list[Any] = []
    for stream in STREAMS.values():
        reader = Reader(console.catalogue)
        snapshot = reader.snapshot([stream.name])
        said.append(snapshot.table(stream.name).to_pylist())
        seqs = range(1, snapshot.state(stream.name).seq + 1)
        said.append(reader.whole(stream.name, seqs).to_dicts())
    with console.catalogue.read() as connection:
        tables = [table for table in schema.metadata.sorted_tables if table is not schema.batch]
        said.extend(tuple(row) for table in tables for row in connection.execute(table.select()))
    return repr(said).casefold()


def named(text: str) -> int:
    """How often Bob stands in it, others' addresses that hold his taken off."""
    for other in OTHERS:
        text = text.replace(other, "")
    return text.count(BOB.casefold()) + text.count("bobby") + text.count("bobs-portrait")


def asked(console: Console) -> list[Any]:
    """Figures of the whole store, as the commands print them."""
    store = Store(console.settings.data_dir, console.settings.source_url, now=NOW)
    return [
        store.csv("revenue", "--from", "2026-11-15"),
        [
            (row["transaction_id"], row["status"], row["amount"], row["sample"])
            for row in store.csv("transactions")
        ],
        [(row["finding"], row["transaction_id"], row["amount"]) for row in store.csv("reconcile")],
        [(row["stream"], row["rows"], row["rejected"]) for row in store.csv("streams")],
    ]


def test_nothing_names_the_customer_and_every_figure_stays(console: Console, shop: Shop) -> None:
    segments = seal_some(console)
    shop.update("VC_6", email_sent=0)  # and a version that is not sealed
    console.once()
    before, versions = asked(console), console.versions()
    assert named(told(console)) > 20

    pseudonym, hot = forget(console.catalogue, BOB, NOW)
    assert pending(console.catalogue)
    finished = finish(console.catalogue, segments, NOW)

    assert not pending(console.catalogue)
    assert finished.damaged == ()
    assert hot > 0
    assert finished.rows > 5
    text = told(console)
    assert named(text) == 0
    assert "192.0.2.9" not in text
    assert all(other in text for other in OTHERS)
    assert asked(console) == before
    console.assert_sound()
    # A reader that has decoded rows before lets go of them.
    assert {row["email"] for row in console.current().values()} == {pseudonym, *OTHERS}
    assert len(console.versions()) == len(versions)
    clean(console.catalogue, segments, NOW + GRACE * 2)
    console.assert_sound()
    assert named(told(console)) == 0


def test_what_sqlite_let_go_of_is_wiped(console: Console) -> None:
    folder = console.settings.data_dir

    def raw() -> str:
        files = sorted(folder.glob("catalogue.db*"))
        return b"".join(path.read_bytes() for path in files).decode("latin-1").casefold()

    with console.catalogue.write(NOW) as writer:
        writer.reject("logs", "9", "unreadable", f"{BOB} " * 50_000)
    with console.catalogue.write(NOW) as writer:
        # As an SQLite does that was not built to wipe by itself.
        writer._connection.exec_driver_sql("PRAGMA secure_delete = OFF")
        writer.reject("logs", "9", "unreadable", "short")
    assert named(raw()) > 10_000  # in pages that are free
    forget(console.catalogue, BOB, NOW)
    finish(console.catalogue, Segments(folder), NOW)
    assert named(raw()) == 0


def test_the_customer_does_not_come_back_when_rows_are_read_again(
    console: Console, shop: Shop
) -> None:
    pseudonym, _ = forget(console.catalogue, BOB, NOW)
    finish(console.catalogue, seal_some(console), NOW)
    assert console.tally().kept == 0  # nothing has changed at the source
    shop.refund("VC_6")
    shop.transaction("VC_8", email=BOB.upper())
    shop.complete("VC_8", payer_email=BOB)
    shop.transaction("VC_9", email=BOB, created_at="tomorrow")
    shop.mail(recipient_email=BOB)
    shop.execute("UPDATE users SET last_login = '2026-11-21 09:00:00'")
    console.restart()
    console.once()
    assert named(told(console)) == 0
    current = console.current()
    assert current["VC_8"]["email"] == pseudonym
    assert current["VC_6"]["status"] == "refunded"
    assert current["VC_6"]["payer_email"].strip() == pseudonym  # carried over from before
    assert current["VC_6"]["captured_amount"] == pytest.approx(63)
    console.assert_sound()


def test_once_more_changes_nothing(console: Console) -> None:
    segments = seal_some(console)
    first, _ = forget(console.catalogue, BOB, NOW)
    finish(console.catalogue, segments, NOW)
    seqs, files = console.catalogue.seqs(), sorted(segments.files())
    assert forget(console.catalogue, f" {BOB.upper()}", NOW) == (first, 0)
    assert finish(console.catalogue, segments, NOW).rows == 0
    assert (console.catalogue.seqs(), sorted(segments.files())) == (seqs, files)


class Killed(Exception):
    pass


def test_an_interruption_anywhere_is_made_good_by_the_next_call(
    console: Console, tmp_path: Path
) -> None:
    segments = seal_some(console)
    before = asked(console)

    def stop_at(number: int) -> bool:
        """Run until step ``number``; whether there was one."""
        steps = iter(range(1_000))

        def step(_name: str) -> None:
            if next(steps) == number:
                raise Killed

        try:
            forget(console.catalogue, BOB, NOW, step)
            finish(console.catalogue, segments, NOW, step)
        except Killed:
            return True
        return False

    number = 0
    while stop_at(number):
        console.assert_sound()
        assert pending(console.catalogue)
        number += 1
    assert number > 10
    assert not pending(console.catalogue)
    assert named(told(console)) == 0
    assert asked(console) == before


def test_announcements_are_sealed_away_like_any_batch(console: Console) -> None:
    segments = seal_some(console)
    forget(console.catalogue, BOB, NOW)
    finish(console.catalogue, segments, NOW)
    for stream in STREAMS.values():
        seal(console.catalogue, segments, stream, NOW)
    with console.catalogue.read() as connection:
        assert connection.execute(schema.batch.select()).all() == []
    console.assert_sound()
    assert named(told(console)) == 0


def test_a_damaged_file_is_named_and_keeps_nobody_else_remembered(console: Console) -> None:
    segments = seal_some(console)
    key = next(key for key in segments.files() if key.startswith("logs/"))
    path = segments.local(key)
    path.write_bytes(path.read_bytes()[:-30])
    forget(console.catalogue, BOB, NOW)
    assert finish(console.catalogue, segments, NOW).damaged == (key,)
    assert not pending(console.catalogue)


@pytest.mark.parametrize("text", ["", "bob", "@", "@example.com", "bob@", "x" * 400 + "@y.z"])
def test_what_is_no_address_is_refused(console: Console, text: str) -> None:
    with pytest.raises(UsageError):
        forget(console.catalogue, text, NOW)


def test_the_list_of_the_forgotten_names_nobody(console: Console) -> None:
    pseudonym, _ = forget(console.catalogue, BOB, NOW)
    with closing(sqlite3.connect(console.catalogue.path)) as connection:
        ((kept, _, finished),) = connection.execute("SELECT * FROM forgotten").fetchall()
    assert pseudonym.startswith(f"forgotten-{kept[:16]}@")
    assert finished is None


@pytest.mark.slow
def test_beside_running_collectors(console: Console, shop: Shop) -> None:
    seal_some(console)
    data_dir = console.settings.data_dir
    store = Store(data_dir, shop.url)
    with running(environment(data_dir, shop.url)):
        eventually(lambda: bool(console.fact("daemons")), "the daemons")
        shop.transaction("VC_20", email=BOB)
        line = store.text("forget", BOB.lower())
        assert "sealed files by the collectors" in line
        shop.transaction("VC_21", email=BOB)
        eventually(lambda: {"VC_20", "VC_21"} <= console.current().keys(), "the new payments")
    assert not pending(console.catalogue)
    assert named(told(console)) == 0
    Catalogue.open(data_dir).close()
    console.assert_sound()


def test_the_command_says_the_pseudonym_and_notes_it_without_the_address(
    console: Console,
) -> None:
    seal_some(console)
    store = Store(console.settings.data_dir, console.settings.source_url, now=NOW + timedelta(1))
    first = store.text("forget", BOB)
    assert first.startswith("forgotten-")
    assert "@forgotten.invalid: " in first
    assert store.text("forget", BOB).endswith(": 0 rows changed\n")
    assert store.error("forget", "bob")[0] == 2
    assert named(told(console)) == 0
    with closing(sqlite3.connect(console.settings.data_dir / "accounts.db")) as connection:
        rows = connection.execute("SELECT action, target, detail FROM audit").fetchall()
    assert rows == [("customer_forgotten", first.split(":")[0], "")] * 2
