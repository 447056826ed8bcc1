"""What asks for a picture: a process of its own draws it, and is gone when it has.

The renderer starts a JavaScript engine, 140 MB that would stay in the console for ever after its
first picture. So each file, and each report with all its charts, is drawn by a process that is
started for it. One draws at a time, and none for longer than the limit.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from vcanalytics.display import formats
from vcanalytics.display.picture import Picture
from vcanalytics.errors import BudgetExceeded, ConsoleError, UsageError
from vcanalytics.pictures.theme import Theme, colours, config

_LOG: Final = logging.getLogger(__name__)
#: A picture takes 1 s of a core, a report 2; on a host that is overloaded ten times as long.
LIMIT_S: Final = 60.0
_WAIT_S: Final = 20.0
#: More marks than a screen has pixels across show nothing more; heat maps have the most.
ROWS_MAX: Final = 10_000
#: As wide as a wide panel at a desk.
WIDTH_PX: Final = 720
_ONE: Final = threading.BoundedSemaphore(1)
_ROOT: Final = Path(__file__).parents[2]
_SAID_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture on its own: the chart, and the line that says of which range and moment."""

    picture: Picture
    caption: str


@dataclass(frozen=True, slots=True)
class Document:
    """A report: a Typst ``template``, the ``data`` it reads, and pictures by name with widths."""

    template: str
    data: Mapping[str, Any]
    pictures: Mapping[str, tuple[Picture, int]]


def draw(sheet: Sheet, form: Literal["svg", "png"], theme: Theme = "light") -> bytes:
    """The picture as a file: SVG as UTF-8 text, or PNG at twice its size.

    Raises UsageError for more rows than can be told apart, BudgetExceeded past 60 s, ConsoleError
    where it could not be drawn.
    """
    picture = sheet.picture
    job = {
        "form": form,
        "colours": colours(theme),
        "config": config(theme),
        "title": picture.title,
        "note": picture.note,
        "caption": sheet.caption,
        "alt": picture.alt,
        "legend": [
            [" ".join(filter(None, (key.words, key.figure, key.share))), key.role, key.mark]
            for key in picture.legend
        ],
        "chart": _chart(picture, WIDTH_PX),
    }
    return _drawn(job)


def print_out(document: Document) -> bytes:
    """A report as PDF, its charts as vectors. Raises as ``draw`` does."""
    charts = {name: _chart(one, width) for name, (one, width) in document.pictures.items()}
    job = {
        "form": "pdf",
        "colours": colours("light"),
        "config": config("light"),
        "template": document.template,
        "data": document.data,
        "charts": charts,
    }
    return _drawn(job)


def _chart(picture: Picture, width: int) -> dict[str, Any]:
    if picture.data.height > ROWS_MAX:
        raise UsageError(
            f"a picture of {formats.count(picture.data.height)} marks cannot be told apart; up to"
            f" {formats.count(ROWS_MAX)} are drawn",
            hint="Take a longer grain, or a shorter range",
        )
    return {
        **picture.spec,
        "width": width,
        "data": {"values": picture.data.fill_nan(None).to_dicts()},
    }


def _drawn(job: Mapping[str, Any]) -> bytes:
    """What the process answers that is started for one job."""
    if not _ONE.acquire(timeout=_WAIT_S):
        raise BudgetExceeded("other pictures are being drawn", hint="Try again in a moment")
    try:
        done = subprocess.run(  # noqa: S603 - this program itself, nothing of a viewer's
            _command(),
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=LIMIT_S,
            cwd=_ROOT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BudgetExceeded(f"the picture was not drawn within {LIMIT_S:.0f} s") from None
    finally:
        _ONE.release()
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace")[-_SAID_CHARS:]
        _LOG.error("a picture could not be drawn (status %s): %s", done.returncode, said)
        raise ConsoleError("the picture could not be drawn", hint="The console's log says why")
    return done.stdout


def _command() -> Sequence[str]:
    return (sys.executable, "-m", "vcanalytics.pictures")
