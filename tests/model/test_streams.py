"""The vocabulary: portable storage types, named units, one meaning a column."""

from __future__ import annotations

import pyarrow as pa
import pytest

from vcanalytics.model.streams import STREAMS, Stream

PORTABLE = {
    pa.timestamp("us", tz="UTC"),
    pa.int32(),
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.string(),
    pa.decimal128(18, 4),
}


@pytest.fixture(params=list(STREAMS.values()), ids=list(STREAMS))
def stream(request: pytest.FixtureRequest) -> Stream:
    found: Stream = request.param
    return found


def test_names_are_the_contracts() -> None:
    assert list(STREAMS) == [
        "transactions",
        "disputes",
        "mails",
        "activity",
        "requests",
        "system",
        "health",
        "logs",
    ]
    assert all(name == stream.name for name, stream in STREAMS.items())


def test_storage_follows_from_the_table_and_stays_portable(stream: Stream) -> None:
    assert stream.schema.names == [column.name for column in stream.columns]
    for field, column in zip(stream.schema, stream.columns, strict=True):
        assert field.type in PORTABLE
        assert field.nullable is not column.required


def test_every_column_is_named_once_and_says_what_it_means(stream: Stream) -> None:
    names = [column.name for column in stream.columns]
    assert len(names) == len(set(names))
    # A column called "at" breaks ORDER BY in DuckDB 2.0.
    assert "at" not in names
    assert all(column.meaning for column in stream.columns)


def test_money_names_its_currency_and_times_are_utc(stream: Stream) -> None:
    by_name = {column.name: column for column in stream.columns}
    for column in stream.columns:
        if pa.types.is_decimal(column.type):
            assert by_name[column.unit].unit == "ISO 4217"
        if pa.types.is_timestamp(column.type):
            assert column.unit == "UTC"


def test_rows_are_found_by_their_time_and_versions_by_their_key(stream: Stream) -> None:
    by_name = {column.name: column for column in stream.columns}
    assert by_name[stream.time].required
    if stream.versioned:
        assert stream.key is not None
        assert by_name[stream.key].required
        assert {"source_id", "observed_at", "deleted", "notes"} <= set(by_name)
