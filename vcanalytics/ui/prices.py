"""What people paid: each price with how often it was paid and what it brought."""

from __future__ import annotations

from vcanalytics import cached
from vcanalytics.display import prices
from vcanalytics.display.ranges import Range
from vcanalytics.ui import chart, exports, panels


def draw(view: Range, code: str) -> None:
    """Bars of the most frequent prices, "everything else" last."""
    csv = exports.link("price-points", view, currency=code)
    panels.head("Price points", note=code, key="", csv=csv, picture="price-points")
    with panels.contained("prices", skeleton=300):
        frame = cached.price_points(view.start, view.until, currency=code).frame
        picture = prices.picture(frame, code)
        if picture is None:
            panels.nothing_in(view)
            return
        chart.show(picture, key="chart_prices")
