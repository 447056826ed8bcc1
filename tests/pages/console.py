"""This process as a console on a data directory, and shops read into one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
import streamlit as st

from collectors.once import read_once
from vcanalytics.cached import lately
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue

#: A source that is configured and never read: the store says all.
ELSEWHERE: Final = "sqlite:////elsewhere.db"


@contextmanager
def console_on(data_dir: Path, **settings: str) -> Iterator[None]:
    """This process as a console on a data directory, as settings say: ``timezone="Asia/Tokyo"``.

    Its caches are emptied before and after.
    """
    with pytest.MonkeyPatch.context() as environment:
        # A developer's own .env counts no more than the environment.
        environment.chdir(data_dir.parent)
        environment.setenv("VC_DATA_DIR", str(data_dir))
        for name, value in settings.items():
            environment.setenv(f"VC_{name.upper()}", value)
        forget()
        yield
        forget()


def forget() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    lately.forget()


def read_into(data_dir: Path, shop: Path, now: datetime) -> None:
    """Read a shop into a data directory as ``python -m collectors --once`` does."""
    url = f"sqlite:///{shop}"
    catalogue = Catalogue.open(data_dir)
    read_once(Settings(data_dir=data_dir, source_url=url), url, catalogue, clock=lambda: now)
    catalogue.close()
