"""Charts as files: by a process of their own, literal in text, bounded, without the network."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from PIL import Image

from vcanalytics.display import charts
from vcanalytics.display.picture import Key, Picture
from vcanalytics.errors import BudgetExceeded, ConsoleError, UsageError
from vcanalytics.pictures import asking
from vcanalytics.pictures.asking import ROWS_MAX, Document, Sheet, draw, print_out
from vcanalytics.pictures.sheet import cut, wide
from vcanalytics.pictures.theme import THEMES, colours, config

EVIL = '<script>alert(1)</script> & "so" \x07 \u05d0\u05d1 \U0001f600'


def picture(title: str = "Prices", rows: int = 2, alt: str = "What was paid") -> Picture:
    names = [f"price {n}" for n in range(rows)]
    data = pl.DataFrame(
        {
            "name": names,
            "value": [float(n + 1) for n in range(rows)],
            "role": ["subject"] * rows,
            "label": [EVIL, *names[1:]],
            "text": names,
        }
    )
    keys = (Key("gross", "subject"), Key(EVIL, "refund", "open"))
    return Picture(title, "USD", alt, data, charts.ranked(80, tuple(names[:4])), keys)


@pytest.fixture(scope="module")
def svg() -> str:
    return draw(
        Sheet(picture(EVIL, alt=EVIL), "20 Nov 2026 \u00b7 UTC \u00b7 as of then"), "svg"
    ).decode()


def test_a_picture_is_well_formed_whatever_its_text_holds(svg: str) -> None:
    root = ET.fromstring(svg)  # noqa: S314 - our own

    texts = ["".join(found.itertext()) for found in root.iter() if found.tag.endswith("}text")]
    assert '<script>alert(1)</script> & "so" \u05d0\u05d1 \U0001f600' in texts
    assert "20 Nov 2026 \u00b7 UTC \u00b7 as of then" in texts
    assert "gross" in texts
    assert not [found for found in root.iter() if found.tag.endswith("}script")]
    assert root.get("aria-label", "").startswith("<script>")


def test_a_picture_takes_its_colours_from_the_theme_alone(svg: str) -> None:
    assert colours("light")["page"] in svg
    assert colours("light")["subject"].lower() in svg.lower()
    found = {theme: colours(theme) for theme in THEMES}
    assert found["light"]["subject"] != found["dark"]["subject"]
    assert config("dark")["range"]["category"][0] == found["dark"]["subject"]


def test_a_png_is_drawn_at_twice_its_size() -> None:
    content = draw(Sheet(picture(), "today"), "png", "dark")

    with Image.open(io.BytesIO(content)) as image:
        assert image.width == 2 * (asking.WIDTH_PX + 40)
        assert image.getpixel((2, 2))[:3] == (0x0F, 0x12, 0x18)  # type: ignore[index]


def test_a_document_sets_customers_text_as_it_is_and_charts_as_vectors() -> None:
    template = (
        "#let told = json(bytes(sys.inputs.data))\n#set document(title: told.title)\n"
        '#text(font: "Hanken Grotesk")[#told.title]\n'
        '#image(bytes(told.charts.one), format: "svg", alt: "chart")'
    )
    data = {"title": '#panic("run") *bold* $x$ <script> \U0001f600 \u05d0'}
    pdf = print_out(Document(template, data, {"one": (picture(), 400)}))

    assert pdf.startswith(b"%PDF-")
    assert b"/MarkInfo" in pdf
    assert b"/Subtype/Image" not in pdf.replace(b" ", b"")


def test_nothing_is_fetched(caplog: pytest.LogCaptureFixture) -> None:
    outside = {"data": {"url": "http://127.0.0.1:9/x.json"}, "mark": "bar", "encoding": {}}
    reaching = replace(picture(), spec={"height": 80, "layer": [outside]})
    with pytest.raises(ConsoleError):
        draw(Sheet(reaching, ""), "svg")
    assert "External data url not allowed" in caplog.text


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import sys; sys.exit('no such font')", ConsoleError),
        ("", ConsoleError),
        ("import time; time.sleep(60)", BudgetExceeded),
    ],
)
def test_a_process_that_fails_or_hangs_is_an_error_with_words(
    monkeypatch: pytest.MonkeyPatch, code: str, error: type[ConsoleError]
) -> None:
    monkeypatch.setattr(asking, "_command", lambda: (sys.executable, "-S", "-c", code))
    monkeypatch.setattr(asking, "LIMIT_S", 0.3)
    with pytest.raises(error):
        draw(Sheet(picture(), ""), "svg")
    # Whoever comes next is let in.
    assert asking._ONE.acquire(blocking=False)
    asking._ONE.release()


def test_one_is_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_WAIT_S", 0.0)
    with asking._ONE, pytest.raises(BudgetExceeded, match="other pictures"):
        draw(Sheet(picture(), ""), "svg")


def test_more_marks_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(UsageError, match="marks"):
        draw(Sheet(picture(rows=ROWS_MAX + 1), ""), "svg")


@pytest.mark.parametrize("letters", ["i", "W", "\u05d0"])
def test_a_long_text_is_cut_to_its_room(letters: str) -> None:
    told = cut(letters * 500, 200)
    assert told.endswith("\u2026")
    assert wide(told) <= 200 < wide(told[:-1] + letters * 2 + "\u2026")
    assert cut("short", 200) == "short"
