"""Which daemons run: the source's reader, and with no source configured the demo shop's."""

from __future__ import annotations

from pathlib import Path

from collectors.daemon import Daemon
from collectors.upkeep import Upkeep
from collectors.vectorcraft import VectorCraft
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue


def demo_path(settings: Settings) -> Path:
    """Where the demo shop's own VectorCraft database lies."""
    return settings.data_dir.absolute() / "demo" / "vectorcraft.db"


def demo_url(settings: Settings) -> str:
    """The demo shop's database as a source."""
    return f"sqlite:///{demo_path(settings)}"


def roster(settings: Settings, catalogue: Catalogue) -> list[Daemon]:
    """The daemons to run, in the order they are started."""
    url = settings.source_url or demo_url(settings)
    return [VectorCraft(settings, url, catalogue), Upkeep(settings, catalogue)]
