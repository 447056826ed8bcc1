"""Whether the app is kept waiting: its own writes with and without collectors, in one run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from benchmarks.results import Aim, Options, Result, percentile
from benchmarks.served import ROOT
from benchmarks.shops import past_shop
from vcanalytics.store import Catalogue

_PAYMENTS: Final = 100_000
_RATE: Final = 50.0
_AIM_P99_MS: Final = 15.0
_AIM_CORE_PERCENT: Final = 10.0
#: In this order, twice: what the machine does besides falls on both.
_PHASES: Final = ("without", "starting", "with")


@dataclass(slots=True)
class _Phase:
    """The stretches of time of one kind, and the CPU seconds the collectors used in them."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.spans)


def run(options: Options) -> list[Result]:
    phase_s, payments = (8.0, 20_000) if options.quick else (40.0, _PAYMENTS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = past_shop(Path(folder) / "shop.db", payments)
        lines = Path(folder) / "writes.txt"
        phases = {name: _Phase() for name in _PHASES}
        with _writer(path, lines):
            for number in (1, 2):
                options.say(f"round {number} of 2: {phase_s:.0f} s without, {phase_s:.0f} s with")
                _measure(path, Path(folder) / "data", phases, phase_s)
        writes = [line.split("\t") for line in lines.read_text().splitlines()]
    rows = []
    p99 = {}
    errors = [error for _, _, error in writes if error]
    for name, phase in phases.items():
        times = [
            float(took)
            for began, took, _ in writes
            if any(start <= float(began) < end for start, end in phase.spans)
        ]
        p99[name] = percentile(times, 0.99)
        rows.append(
            (
                _NAMES[name],
                len(times),
                percentile(times, 0.5),
                p99[name],
                max(times),
                f"{p99[name] / p99['without']:.2f}",
                100 * phase.cpu_s / phase.seconds,
            )
        )
    grown = p99["with"] - p99["without"]
    core = 100 * phases["with"].cpu_s / phases["with"].seconds
    return [
        Result(
            f"The app's writes at {_RATE:.0f} a second, {payments:,} payments, delete journal mode",
            (
                "collectors",
                "writes",
                "p50, ms",
                "p99, ms",
                "max, ms",
                "p99 : without",
                "collectors, % of a core",
            ),
            rows,
            (f"Errors on the app's side in {len(writes):,} writes: {len(errors)}", *set(errors)),
            (
                Aim("growth of the app's p99", grown, _AIM_P99_MS, "ms"),
                Aim("collectors", core, _AIM_CORE_PERCENT, "% of a core"),
                Aim("errors on the app's side", len(errors), 1, "errors"),
            ),
        )
    ]


_NAMES: Final = {
    "without": "none",
    "starting": "starting, until all was compared once",
    "with": "at work",
}


def _measure(path: Path, data: Path, phases: dict[str, _Phase], phase_s: float) -> None:
    _span(phases["without"], phase_s)
    began_at = time.time()
    with _collectors(path, data) as process:
        start = time.monotonic()
        _read_through(data, began_at)
        phases["starting"].spans.append((start, time.monotonic()))
        phases["starting"].cpu_s += _cpu_s(process)
        before = _cpu_s(process)
        _span(phases["with"], phase_s)
        phases["with"].cpu_s += _cpu_s(process) - before


def _span(phase: _Phase, seconds: float) -> None:
    start = time.monotonic()
    time.sleep(seconds)
    phase.spans.append((start, time.monotonic()))


def _read_through(data: Path, began_at: float, within_s: float = 300.0) -> None:
    """Wait until every table was compared whole since ``began_at`` (the mails come last)."""
    give_up_at = time.monotonic() + within_s
    catalogue = Catalogue.open(data)
    try:
        while time.monotonic() < give_up_at:
            read_at = catalogue.states()["mails"].read_at
            if read_at is not None and read_at.timestamp() > began_at:
                return
            time.sleep(0.05)
    finally:
        catalogue.close()
    raise RuntimeError(f"the source was not read within {within_s:.0f} s")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def _writer(path: Path, lines: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.writer", str(path), "--rate", str(_RATE)]
    with lines.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out)
        try:
            time.sleep(2)
            yield
            if process.poll() is not None:
                raise RuntimeError(f"the writer ended by itself with {process.returncode}")
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _collectors(path: Path, data: Path) -> Iterator[psutil.Process]:
    environment = {**os.environ, "VC_DATA_DIR": str(data), "VC_SOURCE_URL": f"sqlite:///{path}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "collectors"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()
