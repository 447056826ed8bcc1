"""``check``: the store verified against itself, and put right."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from typing import Final

import click
import polars as pl

from collectors.instance import Instance
from vcanalytics.commands import options
from vcanalytics.commands.asking import Call, begin, opened
from vcanalytics.commands.output import Answer, Kind, visible
from vcanalytics.commands.progress import shown
from vcanalytics.errors import StoreError
from vcanalytics.store import Catalogue
from vcanalytics.store.checking.check import Finding, check
from vcanalytics.store.facts import CHECKED
from vcanalytics.store.quarantine import Quarantined, quarantined
from vcanalytics.store.repairing.repair import Done, repair

COLUMNS: Final = {"stream": Kind.TEXT, "what": Kind.TEXT}


@click.command("check")
@click.option(
    "--repair",
    "mend",
    is_flag=True,
    help="Rebuild what can be made anew, put aside what cannot be read. Not beside collectors.",
)
@options.output
def command(*, mend: bool, zone: str | None, form: str) -> int:
    """Verify the store against itself.

    Every row is read once. Prints what is wrong, a row a finding; the exit status is 0 where the
    store is sound, else 1. A finding without a stream is of the store as a whole.

    With --repair, what was done comes first, a row each, then what is wrong still. What cannot be
    read is put into the store's folder quarantine, whole. The store is sound then: it agrees with
    itself, and every check says which rows are missing.
    """
    call = begin(zone, form)
    done: list[Done] = []
    with opened(call.settings) as catalogue:
        store_dir = catalogue.path.parent
        # Held to the end: what is checked then is what was repaired.
        with Instance(store_dir) if mend else nullcontext():
            if mend:
                with shown() as progress:
                    done = repair(catalogue, call.now, progress=progress)
            with shown() as progress:
                findings = check(catalogue, progress=progress)
            aside = _aside(catalogue)
            _note(catalogue, call.now, findings)
    _write(call, done, findings, aside, str(store_dir))
    return 1 if findings else 0


def _note(catalogue: Catalogue, now: datetime, findings: Sequence[Finding]) -> None:
    """Leave word for the watchman. A store that cannot be written is checked all the same."""
    first = findings[0].what if findings else None
    with suppress(StoreError), catalogue.write(now) as writer:
        fact = {"at": now.isoformat(), "findings": len(findings), "first": first}
        writer.set_fact(CHECKED, fact)


def _aside(catalogue: Catalogue) -> list[Quarantined]:
    with catalogue.read() as connection:
        return quarantined(connection)


def _write(
    call: Call,
    done: Sequence[Done],
    findings: Sequence[Finding],
    aside: Sequence[Quarantined],
    where: str,
) -> None:
    rows: list[Done | Finding] = [*done, *findings]
    frame = pl.DataFrame(
        [(one.stream or None, one.what) for one in rows],
        schema=dict.fromkeys(COLUMNS, pl.String),
        orient="row",
    )
    missing = [_missing(call, one) for one in aside]
    if call.form != "table":
        for line in missing:
            sys.stderr.write(f"vcanalytics: note: {visible(line)}\n")
    foot = f"{where} is not sound" if findings else f"{where} is sound"
    call.write(Answer(frame, COLUMNS, foot=(*missing, foot)))


def _missing(call: Call, one: Quarantined) -> str:
    times = ""
    if one.first_at is not None and one.last_at is not None:
        times = f" from {call.time(one.first_at)} to {call.time(one.last_at)}"
    place = f"quarantine/{one.file}" if one.file else one.name
    return f"{one.rows:,} rows of {one.stream}{times} are missing ({place}: {one.reason})"
