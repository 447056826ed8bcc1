"""What the store takes, by its own word."""

from __future__ import annotations

from datetime import timedelta

from tests.store.rows import NOON, own, requests
from vcanalytics.model.streams import REQUESTS, STREAMS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.batches import encode
from vcanalytics.store.sealer import seal
from vcanalytics.store.sizes import Part, StreamSize, sizes


def of(catalogue: Catalogue, stream: str) -> StreamSize:
    return next(size for size in sizes(catalogue).streams if size.stream == stream)


def test_hot_batches_become_files_and_a_replaced_file_waits(catalogue: Catalogue) -> None:
    segments = Segments(catalogue.path.parent)
    later = NOON + timedelta(hours=1)
    batches = [requests(1, 2), requests(3, at=later)]
    for number, batch in enumerate(batches):
        catalogue.append("requests", "test", str(number), batch)

    hot_bytes = sum(len(encode(batch)) for batch in batches)
    assert of(catalogue, "requests") == StreamSize(
        "requests", Part(2, 3, hot_bytes, NOON, later), Part()
    )

    first = seal(catalogue, segments, REQUESTS, NOON)
    assert first is not None
    (file,) = first.segments
    assert of(catalogue, "requests") == StreamSize(
        "requests", Part(), Part(1, 3, file.bytes, NOON, later)
    )

    catalogue.append("requests", "test", "more", requests(4, at=later))
    seal(catalogue, segments, REQUESTS, NOON)
    found = sizes(catalogue)
    sealed = of(catalogue, "requests").sealed
    assert (sealed.count, sealed.rows) == (1, 4)
    on_disk = {key: segments.local(key).stat().st_size for key in own(segments)}
    assert sealed.bytes == sum(on_disk.values()) - file.bytes
    # Those of its cells too.
    assert found.retired.count == 5
    assert found.retired.bytes > file.bytes


def test_every_stream_is_told_and_the_catalogue_itself(catalogue: Catalogue) -> None:
    found = sizes(catalogue)
    assert [size.stream for size in found.streams] == list(STREAMS)
    assert all(size.hot == size.sealed == Part() for size in found.streams)
    beside = sum(
        path.stat().st_size for path in catalogue.path.parent.glob(f"{catalogue.path.name}*")
    )
    assert found.catalogue_bytes == beside
