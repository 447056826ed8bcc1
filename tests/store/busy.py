"""A writer and sealer of its own process: ``python -m tests.store.busy FOLDER``.

Appends a batch of requests and one of versions after the other, seals what is hot every few rounds
and deletes at once what that replaced, until stdin ends. Then it prints how many it appended.
"""

from __future__ import annotations

import select
import sys
from pathlib import Path

from tests.store.rows import NOON, keep, paid, requests
from vcanalytics.model.streams import REQUESTS, TRANSACTIONS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.manifest import GRACE, clean
from vcanalytics.store.sealer import seal

SEAL_EVERY = 4


def main(folder: str) -> None:
    catalogue, segments = Catalogue.open(Path(folder)), Segments(Path(folder))
    number = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        catalogue.append("requests", "busy", str(number), requests(number))
        keep(catalogue, str(number), paid(number, f"{number}.01"))
        number += 1
        if number % SEAL_EVERY == 0:
            for stream in (REQUESTS, TRANSACTIONS):
                seal(catalogue, segments, stream, NOON)
            # Long after any grace: whoever reads a retired file now finds none.
            clean(catalogue, segments, NOON + 2 * GRACE)
            if number == SEAL_EVERY:
                print("sealed", flush=True)  # noqa: T201
    catalogue.close()
    print(number)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
