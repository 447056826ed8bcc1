"""``make torture``: rounds of killing, a line each; exit 1 with the seed where one fails."""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import click

from tests.torture import disk
from tests.torture.report import Report
from tests.torture.rounds import Wrong
from tests.torture.worlds import KINDS, World

#: A shop and a store live so long; then others begin, by the next seed.
LIFE_ROUNDS: Final = 16


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=int, help="Of the first world; without it one is drawn and told.")
@click.option(
    "--kinds",
    default=",".join(KINDS),
    show_default=True,
    help="Of which rounds are drawn, by commas.",
)
@click.option("--keep", is_flag=True, help="Leave the folder of a failed round for a look.")
def main(*, rounds: int, seed: int | None, kinds: str, keep: bool) -> None:
    """Kill and hinder all that writes, and prove that nothing is lost, doubled or half-seen.

    \b
    daemons    the collectors of a living shop, kill -9, and the shop's app with them
    app        the shop's app within a write: a hot journal
    clock      the collectors' clock steps by hours, back and forth, and they are killed
    the rest   one actor beside two writers, while readers look at every snapshot: killed at
               each named step, at any instant or call that writes; a full disk, EIO, rights lost

    After each round: every row once and true, sums to the cent, `check` sound.
    """
    # Told to end, it takes away what it has mounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = [kind.strip() for kind in kinds.split(",")]
    if unknown := set(chosen) - KINDS.keys():
        raise click.UsageError(f"no such kind: {', '.join(sorted(unknown))}")
    first = random.SystemRandom().randrange(1, 1_000_000) if seed is None else seed
    click.echo(f"seed {first}, {rounds} rounds; a new world every {LIFE_ROUNDS}")
    report, began = Report(), time.monotonic()
    try:
        for world_seed in range(first, first + -(-rounds // LIFE_ROUNDS)):
            done = report.kinds.total()
            if not _live(world_seed, min(LIFE_ROUNDS, rounds - done), chosen, report, keep=keep):
                sys.exit(1)
    finally:
        # Also where it is told to end before its time.
        for line in report.lines(time.monotonic() - began):
            click.echo(line)


def _live(seed: int, rounds: int, kinds: list[str], report: Report, *, keep: bool) -> bool:
    """A world's rounds; false, and how to repeat it, where one fails."""
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    world, failed = World(folder, seed, kinds), False
    try:
        for number in range(1, rounds + 1):
            try:
                result = world.round()
            except Wrong as wrong:
                failed = True
                click.echo(f"round {number} of seed {seed} FAILED: {wrong}")
                told = "" if len(kinds) == len(KINDS) else f" --kinds {','.join(kinds)}"
                click.echo(
                    "To repeat it: python -m tests.torture"
                    f" --seed {seed} --rounds {number}{told} --keep"
                )
                if keep:
                    click.echo(f"Left in {folder}")
                return False
            report.add(result)
            click.echo(
                f"{report.kinds.total():4} seed {seed} {result.seconds:5.1f} s  {result.did}:"
                f" {result.versions:,} versions, {result.requests:,} requests,"
                f" {result.segments} segments, {result.left_over} files left over"
            )
    finally:
        report.close(world)
        world.close(keep=failed and keep)
        if not (failed and keep):
            # Where it was stopped before it was whole, nobody else has.
            disk.take_away(folder / "store" / "disk")
            shutil.rmtree(folder, ignore_errors=True)
    return True


if __name__ == "__main__":
    main()
