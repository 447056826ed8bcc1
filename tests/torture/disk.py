"""A small disk of our own, to be filled to the last byte: a tmpfs, where it may be mounted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

SIZE: Final = "64m"


def mount_small(place: Path) -> bool:
    """Make ``place``, and mount one there; whether that is allowed."""
    place.mkdir()
    if os.geteuid() != 0:
        return False
    options = f"size={SIZE},mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def take_away(place: Path) -> None:
    """Unmount what is mounted there, which is gone then."""
    if place.is_mount():
        # Lazily: a reader's thread may still hold a file.
        subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)
