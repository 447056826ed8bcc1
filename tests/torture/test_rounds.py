"""kill -9 at any moment: nothing is lost, nothing is double, and what is kept is true.

A few rounds of ``make torture``, with a third as many rows; each ends with its proof.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.worlds import World


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("kinds", "seed"),
    [
        # The whole of the collectors beside a shop that sells: killed, and their clock steps.
        (("daemons", "clock"), 20),
        # The app dies within a write and leaves a hot journal.
        (("app",), 20),
        # Each actor by itself, on a small disk and on the machine's own.
        (("writer", "sealer", "backup", "merger"), 21),
        (("filler", "forgetter", "retention", "bookkeeper"), 22),
    ],
)
def test_nothing_is_lost_or_double_where(
    kinds: tuple[str, ...], seed: int, disk_path: Path
) -> None:
    world = World(disk_path, seed, kinds, pieces=8)
    try:
        for kind in kinds:
            world.round_of(kind)
    finally:
        world.close()
    assert world.befell.total() >= len(kinds)
    assert world.wrong.total() == 0
