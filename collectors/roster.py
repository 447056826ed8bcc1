"""Which daemons run: the source's reader, and with no source configured the demo shop's."""

from __future__ import annotations

from collectors.daemon import Daemon
from collectors.demo import Demo
from collectors.source_breaker import SourceBreaker
from collectors.system import System
from collectors.upkeep import Upkeep
from collectors.vectorcraft import VectorCraft
from collectors.watchman import Watchman
from vcanalytics.settings import Settings
from vcanalytics.source.demo import demo_url
from vcanalytics.store import Catalogue


def roster(settings: Settings, catalogue: Catalogue, *, with_parent: bool = False) -> list[Daemon]:
    """The daemons to run, in the order they are started.

    ``with_parent``: the process that started this one is the console, and is measured too.
    """
    watched = settings.watchman == "on"
    watchman = [Watchman()] if watched else []
    breaker = SourceBreaker(settings.store_dir) if watched else None
    system = System(settings.store_dir, catalogue, with_parent=with_parent)
    upkeep = Upkeep(settings, catalogue)
    if settings.source_url:
        reader = VectorCraft(settings, settings.source_url, catalogue, breaker=breaker)
        return [reader, system, upkeep, *watchman]
    reader = VectorCraft(settings, demo_url(settings), catalogue, demo=True, breaker=breaker)
    return [Demo(settings, catalogue), reader, system, upkeep, *watchman]
