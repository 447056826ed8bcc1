"""What stands now: read once a commit, and never older than the newest commit."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.store.rows import NOON, requests
from vcanalytics.store import Catalogue, Head, Latest


@pytest.fixture
def latest(catalogue: Catalogue) -> Latest:
    return Latest(catalogue)


def test_every_commit_is_seen_at_once(catalogue: Catalogue, latest: Latest) -> None:
    for number in range(1, 6):
        catalogue.append("requests", "t", str(number), requests(number))
        assert latest.head().seqs["requests"] == number
        with catalogue.write(NOON) as writer:
            writer.set_fact("source", {"problem": str(number)})
        assert latest.head().told("source") == {"problem": str(number)}


def test_a_heartbeat_is_a_commit_too(catalogue: Catalogue, latest: Latest) -> None:
    latest.head()
    with catalogue.write(NOON, durable=False) as writer:
        writer.note_read("requests", NOON)
    assert latest.head().states["requests"].read_at == NOON


def test_it_is_read_once_a_commit_however_many_ask(
    catalogue: Catalogue, latest: Latest, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = latest._read

    def counted() -> Head:
        reads.append(1)
        return read()

    monkeypatch.setattr(latest, "_read", counted)
    with ThreadPoolExecutor(8) as pool:
        heads = set(map(id, pool.map(lambda _: latest.head(), range(100))))
    assert (len(heads), len(reads)) == (1, 1)

    catalogue.append("requests", "t", "1", requests(1))
    assert latest.head() is latest.head()
    assert len(reads) == 2


def test_what_others_write_meanwhile_is_never_missed(catalogue: Catalogue, latest: Latest) -> None:
    """However reading and writing meet, the head is never older than what was committed before."""
    done = threading.Event()
    committed = [0]

    def write() -> None:
        for number in range(1, 60):
            catalogue.append("requests", "t", str(number), requests(number))
            committed[0] = number
        done.set()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not done.is_set():
            known = committed[0]
            assert latest.head().seqs["requests"] >= known
        writing.result()
    assert latest.head().seqs["requests"] == 59
