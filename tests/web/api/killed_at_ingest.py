"""A console that kills itself when a batch of events is committed, before anybody is told.

``python -m tests.web.api.killed_at_ingest DATA_DIR PORT``
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import uvicorn
from starlette.applications import Starlette

from vcanalytics import ingest
from vcanalytics.settings import Settings
from vcanalytics.web.app import Web


def main(data_dir: str, port: str) -> None:
    keep = ingest.keep

    def kept(*given: Any, **more: Any) -> NoReturn:
        keep(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)
        raise SystemExit

    ingest.keep = kept
    settings = Settings(
        data_dir=Path(data_dir), source_url="sqlite:////nowhere/shop.db", collectors="external"
    )
    web = Web(settings)
    app = Starlette(routes=web.routes(), middleware=web.middleware(), lifespan=web.lifespan())
    uvicorn.run(app, port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
