"""The demo shop as a daemon of the console, and how far it is made while that takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from collectors.simulator import Simulator
from collectors.simulator.past import Progress
from vcanalytics.errors import SourceError
from vcanalytics.settings import Settings
from vcanalytics.source.demo import demo_path
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import DEMO


def demo_shop(
    settings: Settings, progress: Progress | None = None, history: timedelta | None = None
) -> Simulator:
    """The demo shop as the settings want it. ``history`` stands behind a new one, else theirs."""
    return Simulator(
        demo_path(settings),
        payments_per_minute=settings.demo_payments_per_minute,
        zone=settings.source_zone,
        outages=settings.outages,
        history=timedelta(days=settings.demo_days) if history is None else history,
        progress=progress,
    )


class Demo:
    """Runs the shop, and keeps the fact "demo" for as long as it is being made."""

    name = Simulator.name

    def __init__(
        self, settings: Settings, catalogue: Catalogue, history: timedelta | None = None
    ) -> None:
        self._catalogue = catalogue
        self._shop = demo_shop(settings, self._note, history)
        self._now = datetime.now(UTC)
        self._since: datetime | None = None
        self._told = True

    def initialise(self) -> None:
        """Open the shop. Raises SourceError where another database stands in its place."""
        # An earlier run may have left the fact behind.
        self._since, self._told = None, True
        with self._telling():
            self._shop.initialise()

    def loop(self, now: datetime) -> float:
        """Make a piece of the shop, or live on; returns seconds to the next call."""
        self._now = now
        with self._telling():
            pause_s = self._shop.loop(now)
        if self._told and self._shop.ready:
            self._keep(None)
            self._since, self._told = None, False
        return pause_s

    def shutdown(self) -> None:
        self._shop.shutdown()

    def _note(self, done: int, total: int, what: str, problem: str = "", hint: str = "") -> None:
        self._since, self._told = self._since or self._now, True
        fact = {"done": done, "total": total, "what": what, "since": self._since.isoformat()}
        self._keep(fact | {"problem": problem, "hint": hint})

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SourceError as error:
            self._note(0, 0, "", error.what, error.hint)
            raise

    def _keep(self, fact: dict[str, object] | None) -> None:
        # Like a heartbeat: lost in a power cut, it is written anew.
        with self._catalogue.write(self._now, durable=False) as writer:
            writer.set_fact(DEMO, fact)
