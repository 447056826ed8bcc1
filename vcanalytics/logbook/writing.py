"""Writing the log: structlog's processors behind the standard library's loggers.

What is logged through ``logging`` anywhere, by libraries too, becomes a line of JSON: ``at``,
``level``, ``process``, ``pid``, ``thread``, ``logger``, ``event``, ``exception``, and what was
given as ``extra``. People read the same on stderr as plain lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, Self

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict

from vcanalytics.folders import make_private
from vcanalytics.logbook.masking import mask, masked

#: Beside the store.
FOLDER: Final = "logs"
#: Processes of one name that may write into one folder, each its own file.
NAMESAKES_MAX: Final = 8
_CHARS_MAX: Final = 2_000
_TRACE_CHARS_MAX: Final = 8_000
_COMPLAIN_EVERY_S: Final = 60.0
#: The console's own rooms, which are heard at INFO; libraries at WARNING.
_OWN: Final = ("vcanalytics", "collectors", "pages")
#: Loggers of the server that keep to themselves.
_APART: Final = ("streamlit", "uvicorn", "websockets")


class _Lines(logging.Formatter):
    """Plain lines for people, masked like the file."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class _File(RotatingFileHandler):
    """One process's file, its owner's alone. A full disk costs lines, never what was under way."""

    def __init__(self, path: Path, file_bytes: int, files: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._complained_at = float("-inf")
        super().__init__(
            path,
            maxBytes=file_bytes,
            backupCount=files - 1,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def _open(self) -> TextIOWrapper:
        def for_its_owner(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        # Path.open takes no opener.
        return open(
            self.baseFilename,
            "a",
            encoding="utf-8",
            errors="backslashreplace",
            opener=for_its_owner,
        )

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what was still to be written
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        now = self._clock()
        if now - self._complained_at >= _COMPLAIN_EVERY_S:
            self._complained_at = now
            sys.stderr.write(f"the log cannot be written: {sys.exc_info()[1]}\n")


class Logbook:
    """A process's log, open. ``path`` is its file; None where none could be had."""

    def __init__(self, path: Path | None, handlers: Sequence[logging.Handler], lock: int) -> None:
        self.path = path
        self._handlers = handlers
        self._lock = lock
        self._levels: dict[str, int] = {}
        self._heard: list[logging.Logger] = []

    def start(self, handlers: Sequence[logging.Handler], own_level: int) -> None:
        root = logging.getLogger()
        for handler in handlers:
            root.addHandler(handler)
        for name in _OWN:
            logger = logging.getLogger(name)
            self._levels[name] = logger.level
            logger.setLevel(own_level)

    def listen_to_the_server(self) -> None:
        """Write down what the server's own loggers say too: they pass nothing on."""
        for name in list(logging.root.manager.loggerDict):
            logger = logging.getLogger(name)
            if name.split(".", 1)[0] in _APART and not logger.propagate:
                for handler in self._handlers:
                    if isinstance(handler, _File) and handler not in logger.handlers:
                        logger.addHandler(handler)
                        self._heard.append(logger)

    def close(self) -> None:
        """Write no more, and let others have the file."""
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            for logger in self._heard:
                logger.removeHandler(handler)
            handler.close()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_logbook(
    process: str,
    store_dir: Path,
    *,
    file_bytes: int,
    files: int,
    lines: str = "%(message)s",
    lines_level: int = logging.WARNING,
    clock: Callable[[], float] = time.monotonic,
) -> Logbook:
    """Have this process log into ``store_dir/logs/PROCESS.jsonl`` and onto stderr.

    ``files`` of ``file_bytes`` each are kept, the newest without a number. A second process of the
    same name gets ``PROCESS-2.jsonl``. Where no file can be had, that is said on stderr, and
    logging goes there alone. ``lines`` is how a line looks there, from ``lines_level`` on.
    """
    stderr = logging.StreamHandler()
    stderr.setFormatter(_Lines(lines))
    stderr.setLevel(lines_level)
    handlers: list[logging.Handler] = [stderr]
    path, lock = None, -1
    try:
        path, lock = _claim(store_dir / FOLDER, process)
        if path is not None:
            handlers.append(_json_file(path, process, file_bytes, files, clock))
    except OSError as error:
        path = None
        sys.stderr.write(f"no log is kept in {store_dir / FOLDER}: {error.strerror}\n")
    logbook = Logbook(path, handlers, lock)
    logbook.start(handlers, logging.INFO)
    return logbook


def _claim(folder: Path, process: str) -> tuple[Path | None, int]:
    """A file nobody else writes, and the lock that goes with this process, however it ends."""
    make_private(folder)
    for number in range(1, NAMESAKES_MAX + 1):
        name = process if number == 1 else f"{process}-{number}"
        lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return folder / f"{name}.jsonl", lock
    return None, -1


def _json_file(
    path: Path, process: str, file_bytes: int, files: int, clock: Callable[[], float]
) -> logging.Handler:
    handler = _File(path, file_bytes, files, clock)
    handler.setLevel(logging.INFO)

    def whose(_logger: object, _method: str, event: EventDict) -> EventDict:
        record: logging.LogRecord = event["_record"]
        return {
            **event,
            "level": record.levelname.lower(),
            "process": process,
            "pid": record.process,
            "thread": record.threadName,
            "logger": record.name,
        }

    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[ExtraAdder()],
            processors=[
                whose,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                structlog.processors.format_exc_info,
                ProcessorFormatter.remove_processors_meta,
                _cut,
                masked,
                _bounded,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    return handler


def _cut(_logger: object, _method: str, event: EventDict) -> EventDict:
    """What is masked costs no more than a line: well above the bounds, so that no secret is cut."""
    return {
        key: value[: 2 * _TRACE_CHARS_MAX] if isinstance(value, str) else value
        for key, value in event.items()
    }


def _bounded(_logger: object, _method: str, event: EventDict) -> EventDict:
    """No line grows with what it tells of; of a traceback the end says most."""
    bounded = {
        key: value[:_CHARS_MAX] if isinstance(value, str) else value for key, value in event.items()
    }
    if isinstance(trace := event.get("exception"), str):
        bounded["exception"] = trace[-_TRACE_CHARS_MAX:]
    first = ("at", "level", "process", "pid", "thread", "logger", "event")
    return {**{key: bounded.pop(key, None) for key in first}, **bounded}
