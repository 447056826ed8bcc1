"""Folders that hold customers' data: made for the console's own user alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o700


def make_private(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, for nobody else to look into.

    One that stands already keeps its rights: its owner may have given them on purpose. Raises
    OSError.
    """
    missing = [folder, *folder.parents]
    for one in reversed([one for one in missing if not one.exists()]):
        # Path.mkdir gives its mode to the last folder only.
        one.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    if not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
