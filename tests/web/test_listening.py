"""The server's sockets: answers leave at once, and there is room for every viewer's."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator

import pytest

from vcanalytics.web import listening


@pytest.fixture
def limits() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_whoever_connects_is_answered_at_once() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert listening.answer_at_once() >= 1
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            # The one that was looked at is still open.
            client.sendall(b"x")
            assert accepted.recv(1) == b"x"


def test_whoever_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for them, and the socket itself, would stay for as long as they like."""
    monkeypatch.setattr(listening, "DEAF_S", 0.3)
    with socket.socket() as server, socket.socket() as deaf:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert listening.give_up_on_the_deaf() >= 1
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            accepted.settimeout(20)
            # More than fits between the two.
            with pytest.raises(OSError, match="timed out") as ended:
                accepted.sendall(b"x" * 64_000_000)
            assert ended.value.errno == errno.ETIMEDOUT


def test_room_is_made_as_far_as_the_host_allows(limits: None) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    most = listening.FILES_WANTED if hard == resource.RLIM_INFINITY else hard
    assert listening.make_room() == min(listening.FILES_WANTED, most)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == listening.make_room()


def test_room_that_is_there_is_left(limits: None) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard <= listening.FILES_WANTED:
        pytest.skip("this host allows no more files than are wanted")
    resource.setrlimit(resource.RLIMIT_NOFILE, (listening.FILES_WANTED + 1, hard))
    assert listening.make_room() == listening.FILES_WANTED + 1
