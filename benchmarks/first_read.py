"""The first read of a big shop: ``python -m collectors --once``, from nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.results import Aim, Options, Result
from benchmarks.served import ROOT
from benchmarks.shops import past_shop
from vcanalytics.store import Catalogue

_AIM_ROWS: Final = 1_000_000
_AIM_S: Final = 180.0
_SAY_EVERY_S: Final = 10.0


def run(options: Options) -> list[Result]:
    rows = options.rows
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options.say(f"making a shop of {rows:,} payments")
        shop = past_shop(Path(folder) / "shop.db", rows)
        data = Path(folder) / "data"
        began = time.monotonic()
        usage = _read(shop, data, options)
        seconds = time.monotonic() - began
        kept = Catalogue.open(data)
        found = kept.states()["transactions"].rows
        kept.close()
        size_mb = sum(f.stat().st_size for f in data.rglob("*") if f.is_file()) / 1e6
        again_began = time.monotonic()
        _read(shop, data, options)
        again_s = time.monotonic() - again_began
        shop_mb = shop.stat().st_size / 1e6
    if found != rows:
        raise RuntimeError(f"{found:,} of {rows:,} rows were kept")
    limit_s = _AIM_S * rows / _AIM_ROWS
    return [
        Result(
            f"First read of {rows:,} payments ({shop_mb:,.0f} MB)",
            ("read", "seconds", "rows/s", "CPU, s", "peak RSS, MB", "kept, MB"),
            [
                (
                    "the first",
                    seconds,
                    rows / seconds,
                    usage.ru_utime + usage.ru_stime,
                    usage.ru_maxrss / 1e3,
                    size_mb,
                ),
                ("once more, nothing new", again_s, rows / again_s, None, None, None),
            ],
            ("Payments alone, in delete journal mode; nobody writes meanwhile.",),
            (Aim("first read", seconds, limit_s, "s"),),
        )
    ]


def _read(shop: Path, data: Path, options: Options) -> resource.struct_rusage:
    environment = {**os.environ, "VC_DATA_DIR": str(data), "VC_SOURCE_URL": f"sqlite:///{shop}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "collectors", "--once"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    say_at = time.monotonic() + _SAY_EVERY_S
    while True:
        # wait4 alone tells the peak memory of this one child.
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() >= say_at:
            say_at += _SAY_EVERY_S
            _say_progress(data, options)
        time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"collectors --once ended with {process.returncode}")
    return usage


def _say_progress(data: Path, options: Options) -> None:
    catalogue = Catalogue.open(data)
    state = catalogue.states()["transactions"]
    catalogue.close()
    options.say(f"{state.done:,} of {state.total:,} rows read")
