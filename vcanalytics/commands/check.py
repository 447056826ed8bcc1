"""``check``: the store verified against itself."""

from __future__ import annotations

from typing import Final

import click
import polars as pl

from vcanalytics.commands import options
from vcanalytics.commands.asking import begin, opened
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.store.check import check

COLUMNS: Final = {"stream": Kind.TEXT, "what": Kind.TEXT}


@click.command("check")
@options.output
def command(*, zone: str | None, form: str) -> int:
    """Verify the store against itself.

    Every row is read once. Prints what is wrong, a row a finding; the exit status is 0 where the
    store is sound, else 1. A finding without a stream is of the store as a whole.
    """
    call = begin(zone, form)
    with opened(call.settings) as catalogue:
        findings = check(catalogue)
    frame = pl.DataFrame(
        [(finding.stream or None, finding.what) for finding in findings],
        schema=dict.fromkeys(COLUMNS, pl.String),
        orient="row",
    )
    where = catalogue.path.parent
    foot = f"{where} is not sound" if findings else f"{where} is sound"
    call.write(Answer(frame, COLUMNS, foot=(foot,)))
    return 1 if findings else 0
