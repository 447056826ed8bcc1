"""Migrations: numbered, each in one transaction with its record, never backwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from tests.store.rows import requests
from vcanalytics.errors import StoreError
from vcanalytics.migrations import Migration
from vcanalytics.store import Catalogue, schema
from vcanalytics.store.checking.check import check
from vcanalytics.store.pseudonyms import Pseudonyms
from vcanalytics.store.schema import MIGRATIONS


def recorded(catalogue: Catalogue) -> list[tuple[int, str]]:
    table = schema.migration
    with catalogue.read() as connection:
        rows = connection.execute(select(table.c.number, table.c.name).order_by(table.c.number))
        return [(row.number, row.name) for row in rows]


def known(*migrations: Migration) -> list[tuple[int, str]]:
    return [(migration.number, migration.name) for migration in migrations]


def test_numbers_have_no_gap_and_names_are_given_once() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert len({migration.name for migration in MIGRATIONS}) == len(MIGRATIONS)


def test_a_new_catalogue_has_every_migration_and_every_table(catalogue: Catalogue) -> None:
    assert recorded(catalogue) == known(*MIGRATIONS)
    with catalogue.read() as connection:
        names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
    assert names >= set(schema.metadata.tables)


@pytest.mark.parametrize("first", [m.number for m in MIGRATIONS[:-1]])
def test_an_older_catalogue_is_brought_up_and_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", MIGRATIONS[:first])
        then.setattr("vcanalytics.store.writer.load", lambda _: Pseudonyms())
        old = Catalogue.open(tmp_path)
        old.append("requests", "a", "1", requests(1, 2))
        assert recorded(old) == known(*MIGRATIONS[:first])
        old.close()

    catalogue = Catalogue.open(tmp_path)

    assert recorded(catalogue) == known(*MIGRATIONS)
    assert catalogue.states()["requests"].rows == 2
    assert check(catalogue) == []
    catalogue.close()


def test_a_migration_that_fails_leaves_nothing_of_it_or_of_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Catalogue.open(tmp_path).close()
    newest = MIGRATIONS[-1].number

    def good(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE good (a)")

    def bad(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE bad (a)")
        connection.exec_driver_sql("INSERT INTO missing VALUES (1)")

    steps = (*MIGRATIONS, Migration(newest + 1, "good", good))
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", (*steps, Migration(newest + 2, "bad", bad)))
        with pytest.raises(StoreError, match="no such table: missing"):
            Catalogue.open(tmp_path)

    catalogue = Catalogue.open(tmp_path)
    assert recorded(catalogue) == known(*MIGRATIONS)
    catalogue.close()
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    catalogue = Catalogue.open(tmp_path)
    assert recorded(catalogue) == known(*steps)
    catalogue.close()


def test_a_newer_catalogue_is_refused_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = MIGRATIONS[-1].number
    with monkeypatch.context() as then:
        newer = Migration(newest + 1, "from the future", lambda _connection: None)
        then.setattr(schema, "MIGRATIONS", (*MIGRATIONS, newer))
        Catalogue.open(tmp_path).close()
    before = (tmp_path / "catalogue.db").read_bytes()

    with pytest.raises(StoreError, match=f"version {newest + 1}, this console knows {newest}"):
        Catalogue.open(tmp_path)

    assert (tmp_path / "catalogue.db").read_bytes() == before
