"""A writer of its own process: ``python -m tests.store.appending FOLDER SOURCE COUNT``.

Appends COUNT batches of one request each, keyed 0 to COUNT - 1, and prints their numbers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.store.rows import requests
from vcanalytics.store import Catalogue


def main(folder: str, source: str, count: str) -> None:
    catalogue = Catalogue.open(Path(folder))
    sys.stdin.readline()
    for key in range(int(count)):
        print(catalogue.append("requests", source, str(key), requests(key)))  # noqa: T201
    catalogue.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
