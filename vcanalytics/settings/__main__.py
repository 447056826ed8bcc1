"""Where Streamlit is to listen, for ``make run``: ``python -m vcanalytics.settings``."""

from __future__ import annotations

import sys

from vcanalytics.errors import SettingError
from vcanalytics.settings import load_settings


def main() -> int:
    """Print where Streamlit is to listen, for ``make run``, or stop it: one line, exit status 2."""
    try:
        settings = load_settings()
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"--server.address {settings.address} --server.port {settings.port}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
