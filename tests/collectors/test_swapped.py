"""A source that was emptied or swapped for another: figures keep their state until told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors import notices
from collectors.swapped import Swapped
from tests.collectors.rig import Console, command
from tests.shop import Shop, make_shop, open_shop

ROWS = 400


def fill(shop: Shop, name: str, rows: int = ROWS) -> None:
    shop.insert_many(
        "transactions",
        [{"transaction_id": f"{name}_{i}", "email": "a@b.c", "amount": 49} for i in range(rows)],
    )
    shop.insert_many(
        "email_logs",
        [
            {"email_type": name, "recipient_email": f"{i}@b.c", "subject": "s", "status": "sent"}
            for i in range(rows)
        ],
    )
    for i in range(20):
        shop.metric(endpoint=f"/{name}", value=float(i))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        fill(shop, "VC")
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    console = Console(tmp_path / "data", shop.url)
    console.once()
    return console


def another(tmp_path: Path, kind: str) -> Path:
    """A file that is another shop than the first."""
    with make_shop(tmp_path / f"{kind}.db") as other:
        # SQLite itself cannot tell two files in one place that were written equally often.
        for version in range(1, 8):
            other.execute(f"PRAGMA user_version = {version}")
        if kind == "as big":
            fill(other, "XX")
        elif kind == "bigger":
            fill(other, "XX", ROWS * 3)
        elif kind == "small":
            fill(other, "XX", 5)
    return other.path


def put(new: Path, place: Path, how: str) -> None:
    if how == "renamed":
        new.replace(place)
    else:
        # Written into the same file, as `cp` and a restore do.
        shutil.copyfile(new, place)


def standing(console: Console) -> tuple[int, int, set[str]]:
    """Payments that stand, mails that stand, and what the response times are of."""
    requests = console.reader.snapshot(["requests"]).table("requests")
    return (
        sum(name.startswith("VC_") for name in console.current()),
        sum(mail["email_type"] == "VC" for mail in console.current("mails").values()),
        set(requests.column("endpoint").to_pylist()),
    )


@pytest.mark.parametrize("how", ["renamed", "copied"])
@pytest.mark.parametrize("kind", ["fresh", "as big", "bigger", "small"])
def test_a_daemon_keeps_its_state_says_so_and_heals_when_the_source_is_back(
    shop: Shop, console: Console, tmp_path: Path, kind: str, how: str
) -> None:
    saved = tmp_path / "saved.db"
    shutil.copyfile(shop.path, saved)
    with console.daemon() as daemon:
        daemon.settle()
        shop.close()
        put(another(tmp_path, kind), shop.path, how)
        daemon.settle(60)
        said = console.fact("swapped")
        assert "emptied or swapped for another" in said["what"]
        assert "--accept-deletions" in said["hint"]
        assert said["stream"] == "transactions"
        assert standing(console) == (ROWS, ROWS, {"/VC"})
        assert not any(name.startswith("XX") for name in console.current())
        put(saved, shop.path, how)
        with open_shop(shop.path) as back:
            back.update("VC_7", status="failed")
        daemon.until(lambda: console.fact("swapped") is None, within_s=90)
        daemon.until(lambda: console.current()["VC_7"]["status"] == "failed", within_s=30)
    assert standing(console) == (ROWS, ROWS, {"/VC"})
    console.assert_sound()


@pytest.mark.parametrize("kind", ["fresh", "as big", "bigger", "small"])
def test_once_refuses_another_source_and_takes_it_when_told(
    shop: Shop, console: Console, tmp_path: Path, kind: str
) -> None:
    shop.close()
    put(another(tmp_path, kind), shop.path, "renamed")
    for _ in range(2):
        with pytest.raises(Swapped, match="emptied or swapped"):
            console.once()
        assert standing(console) == (ROWS, ROWS, {"/VC"})
        assert console.fact("swapped")["stream"] == "transactions"
        console.restart()
    console.once(accept=True)
    assert standing(console)[:2] == (0, 0)
    assert console.fact("swapped") is None
    rows = {"fresh": 0, "as big": ROWS, "bigger": ROWS * 3, "small": 5}[kind]
    assert len(console.current()) == rows
    # Once is enough, and from then on the new one is the one to be.
    console.restart()
    console.once()
    with open_shop(shop.path) as now:
        now.transaction("YY_1")
        now.metric(endpoint="/after")
    console.once()
    assert "YY_1" in console.current()
    assert "/after" in standing(console)[2]
    console.assert_sound()


@pytest.mark.parametrize(
    ("rows", "gone", "swapped"),
    [(400, 50, False), (400, 51, True), (40, 40, False), (6_000, 60, False), (6_000, 61, True)],
)
def test_more_than_50_rows_and_one_in_a_hundred_gone_at_once_is_no_deletion(
    tmp_path: Path, rows: int, gone: int, swapped: bool
) -> None:
    with make_shop(tmp_path / "shop.db") as shop:
        fill(shop, "VC", rows)
        console = Console(tmp_path / "data", shop.url)
        console.once()
        shop.execute("DELETE FROM transactions WHERE id > ?", (rows - gone,))
        if swapped:
            with pytest.raises(Swapped, match=f"of {rows:,} rows are gone at once"):
                console.once()
            assert len(console.current()) == rows
            console.once(accept=True)
        else:
            assert console.tally().deleted == gone
        assert len(console.current()) == rows - gone
        assert len(console.versions()) == rows + gone
        console.assert_sound()


def test_ids_that_went_back_are_another_source_even_where_few_rows_are_gone(
    shop: Shop, console: Console
) -> None:
    shop.execute("DELETE FROM transactions WHERE id > 390")
    shop.execute("UPDATE sqlite_sequence SET seq = 390 WHERE name = 'transactions'")
    with pytest.raises(Swapped, match="ids went back from 400 to 390"):
        console.once()
    console.once(accept=True)
    shop.transaction("VC_new")
    console.once()
    assert len(console.current()) == 391


def test_one_row_that_is_renamed_by_hand_costs_no_other(shop: Shop, console: Console) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        shop.update_row("transactions", "transaction_id", "VC_399", transaction_id="VC_new_name")
        shop.transaction("VC_new")
        daemon.until(lambda: {"VC_new_name", "VC_new"} <= set(console.current()), within_s=40)
        assert console.fact("swapped") is None
    assert "VC_399" not in console.current()
    assert console.states("VC_399") == ["pending", "gone"]
    console.assert_sound()


def test_the_word_is_kept_across_a_restart_of_the_daemons(
    shop: Shop, console: Console, tmp_path: Path
) -> None:
    shop.close()
    put(another(tmp_path, "as big"), shop.path, "renamed")
    with console.daemon() as daemon:
        daemon.settle()
    since = console.fact("swapped")["since"]
    console.restart()
    with console.daemon() as daemon:
        daemon.round()
        assert console.fact("swapped")["since"] == since
        daemon.settle()
        assert console.fact("swapped")["since"] == since


def test_running_daemons_take_the_deletions_when_told(
    shop: Shop, console: Console, tmp_path: Path
) -> None:
    shop.close()
    put(another(tmp_path, "as big"), shop.path, "renamed")
    with console.daemon() as daemon:
        daemon.settle()
        notices.ask_consent(console.catalogue)
        daemon.until(lambda: standing(console)[0] == 0, within_s=10)
        daemon.settle()
        assert standing(console) == (0, 0, {"/VC", "/XX"})
        assert console.fact("swapped") is None
        assert len(console.current()) == ROWS
    console.assert_sound()


def test_a_word_given_while_nothing_waits_is_for_what_is_gone_now_and_not_for_later(
    shop: Shop, console: Console
) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        notices.ask_consent(console.catalogue)
        daemon.settle()
        assert console.fact("accept_deletions") is None
        shop.execute("DELETE FROM transactions WHERE id > 100")
        daemon.settle(60)
        assert console.fact("swapped")["stream"] == "transactions"
        assert len(console.current()) == ROWS


def test_one_emptied_table_stops_its_stream_alone(shop: Shop, console: Console) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        shop.execute("DELETE FROM email_logs")
        shop.transaction("VC_new")
        shop.metric(endpoint="/new")
        daemon.settle(60)
        assert console.fact("swapped")["stream"] == "mails"
        assert "VC_new" in console.current()
        assert standing(console)[1:] == (ROWS, {"/VC", "/new"})


def test_the_command_refuses_in_one_line_and_accepts(shop: Shop, console: Console) -> None:
    data = console.settings.data_dir
    shop.execute("DELETE FROM transactions")
    refused = command(data, shop.url, "--once")
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "transactions: at least 400 of 400 rows are gone at once" in line
    assert "run `python -m collectors --accept-deletions`" in line
    accepted = command(data, shop.url, "--accept-deletions")
    assert accepted.returncode == 0
    assert accepted.stdout.splitlines()[0] == "transactions: 0 rows read, 0 rejected"
    assert command(data, shop.url, "--once").returncode == 0
