"""``make torture``: rounds of killing, a line each; exit 1 with the seed where one fails."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import click

from tests.torture.life import Life, Wrong

#: A shop and its console live so long; then others begin, by the next seed.
LIFE_ROUNDS: Final = 20


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=int, help="Of the first shop; without it one is drawn and told.")
@click.option("--keep", is_flag=True, help="Leave the folder of a failed round for a look.")
def main(*, rounds: int, seed: int | None, keep: bool) -> None:
    """Kill collectors, sealer and app at random on a living source, and prove nothing was lost."""
    first = random.SystemRandom().randrange(1, 1_000_000) if seed is None else seed
    click.echo(f"seed {first}, {rounds} rounds; a new shop every {LIFE_ROUNDS}")
    kinds: Counter[str] = Counter()
    left_over, began, done = 0, time.monotonic(), 0
    for life_seed in range(first, first + -(-rounds // LIFE_ROUNDS)):
        folder = Path(tempfile.mkdtemp(prefix="torture-"))
        life, failed = Life(folder, life_seed), False
        try:
            for number in range(1, min(LIFE_ROUNDS, rounds - done) + 1):
                try:
                    result = life.round()
                except Wrong as wrong:
                    failed = True
                    again = f"python -m tests.torture --seed {life_seed} --rounds {number} --keep"
                    click.echo(f"round {number} of seed {life_seed} FAILED: {wrong}")
                    click.echo(f"To repeat it: {again}")
                    if keep:
                        click.echo(f"Left in {folder}")
                    sys.exit(1)
                done += 1
                kinds[result.kind] += 1
                left_over += result.left_over > 0
                click.echo(
                    f"{done:4} seed {life_seed} {result.seconds:5.1f} s  {result.did}:"
                    f" {result.versions:,} versions, {result.requests:,} requests,"
                    f" {result.segments} segments, {result.left_over} files left over"
                )
        finally:
            life.close()
            if not (failed and keep):
                shutil.rmtree(folder)
    told = ", ".join(f"{count} of {kind}" for kind, count in sorted(kinds.items()))
    click.echo(
        f"{done} rounds sound in {time.monotonic() - began:.0f} s ({told});"
        f" a file was left over by a killed sealer in {left_over}"
    )


if __name__ == "__main__":
    main()
