"""By a seed: what is tortured in which round, a shop with its console or a store by itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.torture.life import Life
from tests.torture.rounds import Round
from tests.torture.storehouse import PIECES, Storehouse
from tests.torture.task import ROOMS, room

#: Rounds of a shop and the whole of the collectors, and how often each is chosen.
OF_SHOPS: Final = {"daemons": 2, "app": 1, "clock": 1}
#: All kinds, by how often each is chosen.
KINDS: Final = OF_SHOPS | {name: 2 for name in ROOMS if hasattr(room(name), "play")}


class World:
    """A shop and a store by one seed. Which round is of which kind follows from the seed alone."""

    def __init__(
        self, folder: Path, seed: int, kinds: Sequence[str], *, pieces: int = PIECES
    ) -> None:
        self._folder = folder
        self._seed = seed
        self._kinds = list(kinds)
        self._pieces = pieces
        self._random = random.Random(seed)  # noqa: S311 not a secret
        self._life: Life | None = None
        self._store: Storehouse | None = None

    def round(self) -> Round:
        """The next round. Raises Wrong where its proof fails."""
        weights = [KINDS[kind] for kind in self._kinds]
        return self.round_of(self._random.choices(self._kinds, weights)[0])

    def round_of(self, kind: str) -> Round:
        if kind in OF_SHOPS:
            if self._life is None:
                self._life = Life(self._place("shop"), self._seed)
            return self._life.round(kind)
        if self._store is None:
            self._store = Storehouse(self._place("store"), self._seed, self._pieces)
        return self._store.round(kind)

    def _place(self, name: str) -> Path:
        place = self._folder / name
        place.mkdir()
        return place

    @property
    def befell(self) -> Counter[tuple[str, str, str]]:
        """(actor, what, where) of all that was killed or hindered."""
        found = Counter(self._store.befell) if self._store else Counter()
        return found + self._life.befell if self._life else found

    @property
    def wrong(self) -> Counter[str]:
        """Rows that were lost, doubled, half-seen."""
        return Counter(self._store.wrong) if self._store else Counter()

    @property
    def refused(self) -> Counter[str]:
        """What readers were refused, in words."""
        return Counter(self._store.refused) if self._store else Counter()

    @property
    def looked(self) -> int:
        """Snapshots that readers looked at."""
        return self._store.looked if self._store else 0

    @property
    def written(self) -> int:
        """Rows that were written."""
        written = self._store.written if self._store else 0
        return written + (self._life.written if self._life else 0)

    def close(self, *, keep: bool = False) -> None:
        """Let go of everything; ``keep``: what lies on a small disk is left for a look."""
        if self._life is not None:
            self._life.close()
        if self._store is not None:
            self._store.close(keep=keep)
