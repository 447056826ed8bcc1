"""A download of PayPal's as long as the shop's history: imported, imported again, and matched.

The download holds a row for each captured payment of a made store, by PayPal's id, as PayPal writes
it. Each step is the command that a person calls, in a process of its own: its seconds, the start of
Python included, and the most memory it ever had. ``again`` is the same rows with one line more, as
a later download that overlaps.

A million payments, some 750,000 of them captured. Ten minutes with the store, half of it for
the store itself, and 3 GB of disk.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.results import Aim, Options, Result
from benchmarks.stores import Size, store
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.paypal.database import FILE_NAME
from vcanalytics.store import Catalogue, Reader, Segments

_PAYMENTS: Final = 1_000_000
_QUICK_PAYMENTS: Final = 50_000
_AIM_MB: Final = 400
_LOOK_EVERY_S: Final = 0.05
_HEAD: Final = (
    "Date",
    "Time",
    "TimeZone",
    "Name",
    "Type",
    "Status",
    "Currency",
    "Gross",
    "Fee",
    "Net",
    "From Email Address",
    "To Email Address",
    "Transaction ID",
    "Shipping Address",
    "Item Title",
    "Reference Txn ID",
    "Invoice Number",
    "Balance",
    "Balance Impact",
)
# Grain: one row a captured payment and id of PayPal's.
_CAPTURED: Final = """
SELECT captured_at, payer_email, captured_amount, paypal_id
FROM transactions
JOIN ids USING (transaction_id)
WHERE captured AND NOT deleted AND captured_amount IS NOT NULL
ORDER BY captured_at
"""


def run(options: Options) -> list[Result]:
    payments = _QUICK_PAYMENTS if options.quick else _PAYMENTS
    if options.payments:
        payments = options.payments[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = store(options.cache or Path(folder), Size(0, payments), options)
        # A store is kept for other runs; what is imported into it is not.
        try:
            return [_measured(home, Path(folder), payments, options)]
        finally:
            for file in home.glob(f"{FILE_NAME}*"):
                file.unlink()


def _measured(home: Path, folder: Path, payments: int, options: Options) -> Result:
    first, again = folder / "first.csv", folder / "again.csv"
    captured = _captured(home)
    rows = _write(first, captured)
    options.say(f"{rows:,} rows in {first.stat().st_size / 1e6:,.0f} MB")
    again.write_bytes(first.read_bytes() + first.read_bytes().splitlines(keepends=True)[-1])
    steps: dict[str, Sequence[str]] = {
        "import --dry-run": ("import", str(first), "--dry-run"),
        "import": ("import", str(first)),
        "import again": ("import", str(again)),
        "report": ("report", "--format", "csv"),
        "totals": ("totals", "--grain", "month", "--format", "csv"),
    }
    told: list[tuple[str, int, float, float]] = []
    for name, args in steps.items():
        seconds, peak_mb = _called(home, args)
        told.append((name, rows, seconds, peak_mb))
        options.say(f"{name}: {seconds:.1f} s, {peak_mb:,.0f} MB")
    kept = (home / FILE_NAME).stat().st_size
    return Result(
        f"A download of {rows:,} rows, {payments:,} payments here",
        ("step", "rows", "seconds", "peak MB"),
        told,
        (f"{kept / rows:.0f} bytes a row in {FILE_NAME}",),
        (Aim("peak of an import", told[1][3], _AIM_MB, "MB"),),
    )


def _captured(home: Path) -> pl.DataFrame:
    with (
        closing(Catalogue.open(home)) as catalogue,
        closing(Engine(600.0, segments=Segments(home).root)) as engine,
    ):
        snapshot = Reader(catalogue, books=False).snapshot(["transactions"])
        versions = snapshot.raw("transactions", ("transaction_id", "metadata"))
        ids = engine.ask(sql("paypal_ids"), {}, {"versions": versions})
        columns = (
            "transaction_id", "captured_at", "payer_email", "captured_amount", "captured", "deleted"
        )  # fmt: skip
        payments = snapshot.newest("transactions").select(columns)
        return engine.ask(_CAPTURED, {}, {"transactions": payments, "ids": ids})


def _write(path: Path, captured: pl.DataFrame) -> int:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(_HEAD)
        for at, payer, amount, number in captured.iter_rows():
            fee = -(amount / 25)
            writer.writerow(
                (
                    f"{at:%m/%d/%Y}",
                    f"{at:%H:%M:%S}",
                    "GMT",
                    "Ann Example",
                    "Express Checkout Payment",
                    "Completed",
                    "USD",
                    f"{amount:,.2f}",
                    f"{fee:.2f}",
                    f"{amount + round(fee, 2):,.2f}",
                    payer,
                    "shop@vectorcraft.example",
                    number,
                    "Ann Example, 1 Long Road, Town",
                    "VectorCraft",
                    "",
                    "",
                    "...",
                    "Credit",
                )
            )
    return captured.height


def _called(home: Path, args: Sequence[str]) -> tuple[float, float]:
    """Seconds, and the most memory in MB, of one command."""
    env = os.environ | {"VC_DATA_DIR": str(home), "VC_SOURCE_URL": "sqlite:////nowhere.db"}
    began = time.perf_counter()
    command = (sys.executable, "-m", "vcanalytics", "paypal", *args)
    peak_kb = 0
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as child:
        # What the kernel says at the end takes in the memory of this process, which begot it.
        while child.poll() is None:
            peak_kb = max(peak_kb, _peak_kb(child.pid))
            time.sleep(_LOOK_EVERY_S)
    if child.returncode:
        raise RuntimeError(f"paypal {args[0]} ended with {child.returncode}")
    return time.perf_counter() - began, peak_kb / 1024


def _peak_kb(pid: int) -> int:
    """The most a process ever had, 0 where it is just gone."""
    try:
        told = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+([0-9]+) kB", told)
    return int(found.group(1)) if found else 0
