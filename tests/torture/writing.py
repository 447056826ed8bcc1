"""A writer as the collectors embed one: pieces of the plan, each in one transaction.

It begins with the piece it had acknowledged last, which must be refused, and goes on from there. A
piece that was kept and not acknowledged is sent again too. ``acks`` holds a line for each number
that was acknowledged; nothing of these may ever be missing.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tests.torture.plan import BEGUN, case, piece, version
from tests.torture.task import Task
from vcanalytics.errors import StoreError
from vcanalytics.model.streams import DISPUTES, REQUESTS, STREAMS, TRANSACTIONS
from vcanalytics.store import Catalogue, CurrentRow, Writer
from vcanalytics.store.batches import make_batch

if TYPE_CHECKING:
    from tests.torture.storehouse import Storehouse

STEPS: Final = ("opened", "keeping", "half", "committing", "committed", "acknowledged")
CALLS: Final = ("begin", "commit")


def acknowledged(acks: Path) -> int:
    """The last number that was acknowledged, 0 for none."""
    lines = acks.read_text().split("\n")[:-1] if acks.exists() else []
    return int(lines[-1]) if lines else 0


def act(task: Task) -> None:
    """Write ``pieces`` more as ``writer``, ``pause_ms`` apart.

    Where the disk is full or fails each is tried again for ``patience_s`` seconds.
    """
    seed, writer, pieces, pause_ms, patience_s = (
        int(task.options[name]) for name in ("seed", "writer", "pieces", "pause_ms", "patience_s")
    )
    acks = task.data_dir.parent / f"acks-{writer}"
    last = acknowledged(acks)
    handle = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    catalogue = Catalogue.open(task.data_dir)
    task.step("opened")
    for number in range(max(last, 1), last + pieces + 1):
        give_up_at = time.monotonic() + patience_s
        while True:
            try:
                _keep(task, catalogue, seed, writer, number)
                break
            except StoreError as error:
                if not error.heals or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.05)
        task.step("committed")
        os.write(handle, f"{number}\n".encode())
        task.step("acknowledged")
        time.sleep(pause_ms / 1000)
    catalogue.close()


def _keep(task: Task, catalogue: Catalogue, seed: int, writer: int, number: int) -> None:
    one = piece(seed, writer, number)
    seen_at = BEGUN - timedelta(hours=20) + timedelta(minutes=number % 1_000)
    rows = [version(payment, state, number, seen_at) for payment, state in one.versions]
    cases = [
        case(payment, number, seen_at)
        for payment, state in one.versions
        if payment.status(state) == "refunded"
    ]
    task.step("keeping")
    with catalogue.write(task.now) as into:
        source = f"writer {writer}"
        into.append("requests", source, f"{number} requests", make_batch(REQUESTS, one.requests))
        task.step("half")
        _append(into, source, "transactions", number, make_batch(TRANSACTIONS, rows))
        if cases:
            _append(into, source, "disputes", number, make_batch(DISPUTES, cases))
        task.step("committing")


def _append(into: Writer, source: str, stream: str, number: int, batch: pa.Table) -> None:
    rows = batch.to_pylist()
    key = STREAMS[stream].key or ""
    current = [CurrentRow(str(r[key]), r["source_id"], number, "", r["deleted"]) for r in rows]
    into.append(stream, source, f"{number} {stream}", batch, current)


def play(store: Storehouse) -> list[str]:
    """One writer is killed and hindered, beside another that nothing befalls."""
    with store.writing([2]):
        mine = store.pieces(1, pause_ms=5, patience_s=1)
        did = [store.hindered("writer", **mine) for _ in range(3)]
        store.well("writer", **mine)
    return did
