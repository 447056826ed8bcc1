from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.notify.receivers import Mails, Web, mail_server, make_certificate, web_server
from vcanalytics.journal import FILE_NAME, Journal


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl was found on this machine: install it to test TLS")
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def _web() -> Iterator[Web]:
    with web_server() as web:
        yield web


@pytest.fixture
def web(_web: Web) -> Iterator[Web]:
    _web.reset()
    yield _web
    _web.released.set()


@pytest.fixture(scope="session")
def _secure_web(certificate: Path) -> Iterator[Web]:
    with web_server(certificate) as web:
        yield web


@pytest.fixture
def secure_web(_secure_web: Web) -> Web:
    _secure_web.reset()
    return _secure_web


@pytest.fixture(scope="session")
def _mails(certificate: Path) -> Iterator[Mails]:
    with mail_server(certificate) as mails:
        yield mails


@pytest.fixture
def mails(_mails: Mails) -> Mails:
    """An SMTP server on localhost with STARTTLS that asks for a password."""
    _mails.reset()
    return _mails


@pytest.fixture(scope="session")
def _empty_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal")
    Journal.open(folder).close()
    return folder / FILE_NAME


@pytest.fixture
def journal(_empty_journal: Path, tmp_path: Path) -> Iterator[Journal]:
    (tmp_path / "journal").mkdir()
    shutil.copy(_empty_journal, tmp_path / "journal" / FILE_NAME)
    with closing(Journal.open(tmp_path / "journal")) as opened:
        yield opened
