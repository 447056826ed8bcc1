"""What all rounds came to: rounds by kind, what befell whom and where, and the three zeros."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.torture.rounds import Round
from tests.torture.worlds import World


@dataclass(slots=True)
class Report:
    """Adds rounds and worlds up."""

    kinds: Counter[str] = field(default_factory=Counter)
    befell: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    left_over: int = 0
    looked: int = 0
    written: int = 0

    def add(self, one: Round) -> None:
        self.kinds[one.kind] += 1
        self.left_over += one.left_over > 0

    def close(self, world: World) -> None:
        """A world came to its end."""
        self.befell += world.befell
        self.wrong += world.wrong
        self.looked += world.looked
        self.refused += world.refused
        self.written += world.written

    def lines(self, seconds: float) -> Iterator[str]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        yield f"{self.kinds.total()} rounds in {seconds:.0f} s: {kinds}"
        for actor in sorted({actor for actor, _, _ in self.befell}):
            for what in sorted({w for a, w, _ in self.befell if a == actor}):
                places = {
                    where: count
                    for (a, w, where), count in self.befell.items()
                    if (a, w) == (actor, what)
                }
                told = ", ".join(f"{where} {count}" for where, count in sorted(places.items()))
                yield f"  {actor}, {what}: {sum(places.values())} ({told})"
        for what, count in sorted(self.refused.items()):
            yield f"  a reader was told {count} times: {what}"
        yield (
            f"{self.written:,} rows written; {self.looked:,} snapshots looked at meanwhile;"
            f" files were left over by a kill in {self.left_over} rounds"
        )
        yield "  ".join(f"{self.wrong[name]} {name}" for name in ("lost", "doubled", "half-seen"))
