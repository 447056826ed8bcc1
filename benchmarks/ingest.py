"""Durable events a second while the store is sealed and asked, against bare SQLite.

One writer and three, each a process of its own, append batches of 200 requests as fast as they are
acknowledged; a sealer moves them into segments meanwhile. Bare SQLite takes the same rows by
`executemany`, in WAL with `synchronous=FULL`, from as many processes. Then the same store is
written to by one writer while two processes ask for latencies of the last minutes without a pause,
and how long each append took is told beside a run without them.

A minute and a half, and some 200 MB of disk.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.results import Options, Result, percentile
from benchmarks.served import ROOT

_SECONDS: Final = 10.0
_QUICK_SECONDS: Final = 2.0
BATCH: Final = 200
_STOP_WITHIN_S: Final = 30.0


def run(options: Options) -> list[Result]:
    seconds = _QUICK_SECONDS if options.quick else _SECONDS
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rows = []
        for writers in (1, 3):
            here = measured(Path(folder) / f"here{writers}", "store", writers, 0, seconds)
            bare = measured(Path(folder) / f"bare{writers}", "sqlite", writers, 0, seconds)
            options.say(f"{writers} writers: {len(here):,} batches, SQLite {len(bare):,}")
            rates = [rate(found, writers) for found in (here, bare)]
            rows.append((writers, *rates, f"{rates[0] / rates[1]:.2f}"))
        waits = []
        for readers in (0, 2):
            found = measured(Path(folder) / f"asked{readers}", "store", 1, readers, seconds)
            options.say(f"{readers} readers: {len(found):,} batches")
            figures = [percentile(found, share) for share in (0.5, 0.99)]
            waits.append((readers, rate(found, 1), *figures, max(found)))
    grown = f"{waits[1][3] / waits[0][3]:.2f}"
    return [
        Result(
            f"Events appended durably in batches of {BATCH}, with the sealer at work",
            ("writers", "here, events/s", "bare SQLite, events/s", "here : bare"),
            rows,
            ("Each batch is fsynced before the next of its writer; all rows are accounted for.",),
        ),
        Result(
            "One writer beside readers that ask without a pause",
            ("readers", "events/s", "append p50, ms", "append p99, ms", "max, ms"),
            waits,
            (f"p99 beside 2 readers : without = {grown}",),
        ),
    ]


def rate(taken: Sequence[float], writers: int) -> float:
    """Events a second of so many writers, while they append: making rows counts for none."""
    return writers * BATCH * len(taken) * 1000 / sum(taken)


def measured(path: Path, way: str, writers: int, readers: int, seconds: float) -> list[float]:
    """Milliseconds of every append that was acknowledged within the time.

    Raises RuntimeError where a process failed, or rows were lost or doubled.
    """
    path.mkdir(parents=True)
    _told(_process("prepare", path, way))
    helpers = ["seal"] * (way == "store") + ["ask"] * readers
    with _running([_process(helper, path, way) for helper in helpers]):
        busy = [_process("write", path, way, str(i), str(seconds)) for i in range(writers)]
        taken = [float(line) for process in busy for line in _told(process)]
    kept = int(_told(_process("count", path, way))[0])
    if kept != len(taken) * BATCH:
        raise RuntimeError(f"{kept:,} rows were kept of {len(taken) * BATCH:,} acknowledged")
    return taken


def _process(task: str, path: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ingesting", task, str(path), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _told(process: subprocess.Popen[str]) -> list[str]:
    lines, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a process of the measurement ended with {process.returncode}")
    return lines.splitlines()


@contextmanager
def _running(helpers: Sequence[subprocess.Popen[str]]) -> Iterator[None]:
    """Helpers that are ready when the block begins, and are ended after it."""
    try:
        for helper in helpers:
            assert helper.stdout is not None
            if helper.stdout.readline().strip() != "ready":
                raise RuntimeError("a helper of the measurement did not start")
        yield
        if any(helper.poll() is not None for helper in helpers):
            raise RuntimeError("a helper of the measurement ended on the way")
    finally:
        for helper in helpers:
            helper.terminate()
        for helper in helpers:
            try:
                helper.communicate(timeout=_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                helper.kill()
                helper.communicate()
