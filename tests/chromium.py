"""Where this machine has a Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATHS: Final = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def found() -> str | None:
    """The path of one, None where there is none."""
    named = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return named or next((path for path in _PATHS if Path(path).is_file()), None)
