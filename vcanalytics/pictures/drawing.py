"""The work itself: Vega-Lite to SVG, SVG to PNG, Typst to PDF. Imported by the drawing process."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import typst
import vl_convert

from vcanalytics.pictures.fonts import FONTS
from vcanalytics.pictures.sheet import composed

#: The version that Altair holds the specifications to.
_VEGA_LITE: Final = "6.4"
_SCALE: Final = 2.0
#: No XML has these, whatever a customer's text holds; the renderer would end over one.
_NO_XML: Final = {code: " " for code in range(32) if code not in (9, 10, 13)} | {
    0x7F: " ",
    0xFFFE: " ",
    0xFFFF: " ",
}
_SIZE: Final = re.compile(r'<svg[^>]*? width="([\d.]+)"[^>]*? height="([\d.]+)"')


def made(job: Mapping[str, Any]) -> bytes:
    """The file that ``job`` asks for."""
    vl_convert.register_font_directory(str(FONTS))
    job = drawable(job)
    if job["form"] == "pdf":
        return _printed(job)
    svg = _picture(job)
    return svg.encode() if job["form"] == "svg" else vl_convert.svg_to_png(svg, scale=_SCALE)


def drawable(value: Any) -> Any:
    """The same without characters that no file can hold, at any depth."""
    if isinstance(value, str):
        return value.translate(_NO_XML)
    if isinstance(value, dict):
        return {name: drawable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [drawable(inner) for inner in value]
    return value


def _vectors(chart: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """A chart as SVG. Nothing is fetched: no address is allowed."""
    return vl_convert.vegalite_to_svg(
        dict(chart), vl_version=_VEGA_LITE, config=dict(settings), allowed_base_urls=[]
    )


def _picture(job: Mapping[str, Any]) -> str:
    chart = _vectors(job["chart"], job["config"])
    found = _SIZE.match(chart)
    if found is None:
        raise ValueError("the renderer gave a chart without a size")
    width, height = (float(number) for number in found.groups())
    return composed(
        chart,
        width,
        height,
        title=job["title"],
        note=job["note"],
        caption=job["caption"],
        alt=job["alt"],
        legend=[(words, role, mark) for words, role, mark in job["legend"]],
        colours=job["colours"],
    )


def _printed(job: Mapping[str, Any]) -> bytes:
    settings = job["config"]
    charts = {name: _vectors(chart, settings) for name, chart in job["charts"].items()}
    told = {**job["data"], "charts": charts, "colours": job["colours"]}
    # Whatever customers wrote is data of the template's, never part of its text.
    pdf = typst.compile(
        job["template"].encode(),
        sys_inputs={"data": json.dumps(told)},
        font_paths=[str(FONTS)],
        format="pdf",
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a report is one file")
    return pdf
