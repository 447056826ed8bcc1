"""Nothing that anybody wrote into the journal names a customer who was forgotten."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Text, insert, select

from vcanalytics.journal import Journal, forgetting, notes
from vcanalytics.journal.record import metadata

BOB = "bob@shop.test"


def hide(text: str) -> str:
    return text.replace(BOB, "nobody@forgotten.invalid")


def filled(column: Column[Any]) -> Any:
    """A value for any column; in prose the customer."""
    if isinstance(column.type, Text):
        return f"asked {BOB} twice"
    if isinstance(column.type, JSON):
        return {"of": [f"asked {BOB} twice"]}
    plain = {bool: True, int: 1, str: "x", float: 1.0, date: date(2026, 11, 20)}
    return plain[column.type.python_type]


def test_every_text_of_every_table_is_rewritten_and_nothing_stays_in_the_files(
    tmp_path: Path,
) -> None:
    with closing(Journal.open(tmp_path)) as journal:
        with journal.write() as connection:
            for table in metadata.sorted_tables:
                if table.name == "migration":
                    continue
                row = {column.name: filled(column) for column in table.columns}
                connection.execute(insert(table).values(row))
            before = notes.newest(connection)
        texts = [
            column
            for table in metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, (Text, JSON))
        ]

        assert forgetting.forget(journal, hide) == len(texts) > 8
        with journal.read() as connection:
            for column in texts:
                said = connection.execute(select(column)).scalar_one()
                words = said["of"][0] if isinstance(column.type, JSON) else said
                assert words == "asked nobody@forgotten.invalid twice", column
            # Pages that are open ask anew.
            assert notes.newest(connection) == before + 1
        assert all(BOB.encode() not in path.read_bytes() for path in tmp_path.iterdir())

        assert forgetting.forget(journal, hide) == 0
        with journal.read() as connection:
            assert notes.newest(connection) == before + 1
