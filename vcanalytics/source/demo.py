"""Where the demo shop lies, which stands in for VectorCraft while no source is configured."""

from __future__ import annotations

from pathlib import Path

from vcanalytics.settings import Settings


def demo_path(settings: Settings) -> Path:
    """Where the demo shop's own VectorCraft database lies."""
    return settings.demo_dir.absolute() / "vectorcraft.db"


def demo_url(settings: Settings) -> str:
    """The demo shop's database as a source."""
    return f"sqlite:///{demo_path(settings)}"
