"""What is behind an alert: a burst of failures is evaluated; figure, chart and rows are shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from collectors.watch.health import Health
from collectors.watch.post import Post
from tests.alerts.conftest import NOW
from tests.alerts.test_noticed import Watched, failing, only, selling
from tests.pages.console import ELSEWHERE, console_on
from tests.pages.viewer import Shown, Viewer
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics.alerts.rules import read_rules
from vcanalytics.analytics.engine import Engine
from vcanalytics.cached import alerts
from vcanalytics.cached.alerts import Alert
from vcanalytics.journal import Journal, alert_writing
from vcanalytics.journal.alert_records import Firing, Severity
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import Settings, load_settings

SEEN = NOW + timedelta(minutes=2)
#: Lets an alert of a built-in rule fire, of a series.
Fire = Callable[..., int]


@pytest.fixture(scope="module")
def burst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A shop whose payments begin to fail at NOW, as the watchman's own evaluation found it."""
    folder = tmp_path_factory.mktemp("burst")
    make_shop(folder / "vectorcraft.db").close()
    engine = Engine(60.0, threads=1)
    with closing(engine), Watched(folder, engine, only(folder, "failure_rate")) as watched:
        selling(watched.shop, NOW - timedelta(hours=3), 400)
        watched.read()
        assert watched.round() == []
        failing(watched.shop, watched.now, 30)
        watched.read()
        assert watched.round() == ["failure_rate fired"]
    with console_on(folder / "data", source_url=ELSEWHERE, query_budget_s="60"):
        yield Viewer(SEEN)


def charts(shown: Shown) -> list[Any]:
    return [
        chart.proto
        for kind in ("arrow_vega_lite_chart", "vega_lite_chart")
        for chart in shown.app.get(kind)
    ]


def behind(shown: Shown) -> tuple[str, dict[str, str]]:
    """The page that "The rows behind it" leads to, and what it opens with."""
    (link,) = [
        link.proto
        for link in shown.app.get("page_link")
        if link.proto.label.startswith("The rows behind it")
    ]
    return link.page, {key: value[0] for key, value in parse_qs(link.query_string).items()}


def test_a_burst_shows_its_figure_its_course_and_the_payments_behind_it(burst: Viewer) -> None:
    (firing,) = alerts.firing()
    shown = burst.open("alerts", alert=str(firing.number))
    shown.assert_well()
    assert shown.metrics["Figure"].replace("\u00a0", " ").endswith(" %")
    assert "30 failed of " in shown.text

    assert "The figure around it" in shown.text
    (chart,) = charts(shown)
    assert chart.alt.startswith("Payments fail: ")
    assert f"limit {firing.detail['threshold']}; fired 12:01:00, and now 100 %" in chart.alt
    assert "at worst 100 % at " in chart.alt
    assert f"limit {firing.detail['threshold']}" in chart.spec

    link = next(link for link in shown.links if link.startswith("/admin/export/alert-course.csv"))
    with asking(load_settings().data_dir) as client:
        answer = client.get(link)
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert 30 <= len(rows) <= 120
    worst = max(rows, key=lambda row: float(row["value"] or 0))
    assert float(worst["value"]) > 50
    assert " failed of " in worst["told"]

    page, params = behind(shown)
    assert page.endswith("transactions")
    # It still goes on: what fails from now on is seen as well.
    assert "to" not in params
    listed = burst.open("transactions", **{key + "_": value for key, value in params.items()})
    listed.assert_well()
    assert "30 from " in listed.text
    assert set(listed.app.dataframe[0].value["error"]) == {"PayPal capture failed"}


@pytest.fixture
def fire(tmp_path: Path) -> Iterator[Fire]:
    with (
        console_on(tmp_path / "data", source_url=ELSEWHERE),
        closing(Journal.open(tmp_path / "data")) as journal,
    ):
        built_in = read_rules(RulesFile.read()).by_name

        def firing(name: str, series: str = "", **more: str) -> int:
            rule = built_in[name]
            told = Firing(
                rule=name,
                series=series,
                severity=Severity.WARNING,
                title=rule.title,
                no_data=False,
                started_at=NOW,
                value=1.0,
                threshold=rule.limit,
                unit=rule.of.unit,
                detail={"measure": rule.measure, "page": rule.page} | more,
            )
            with journal.write() as connection:
                number = alert_writing.opened(connection, NOW, told)
                alert_writing.resolved(connection, number, NOW + timedelta(seconds=90), 0.0)
            return number

        yield firing


def test_the_way_leads_to_the_rows_of_its_series_around_the_event(fire: Fire) -> None:
    from vcanalytics.display.ranges import Defaults, read  # noqa: PLC0415
    from vcanalytics.ui import alert_rows  # noqa: PLC0415

    view = read({"range": "30d"}, Defaults(), SEEN)

    def way(name: str, series: str = "", **more: str) -> tuple[str, dict[str, str]]:
        found: Alert | None = alerts.find(fire(name, series, **more))
        assert found is not None
        link = alert_rows.way(found, view)
        assert link is not None
        return link.page, dict(link.params)

    around = {"from": "2026-11-22T11:55", "to": "2026-11-22T12:02", "zone": "UTC"}
    assert way("response_p95", "/api/orders") == (
        "pages/performance.py",
        around | {"kind": "request_time", "measure": "percentiles", "endpoint": "/api/orders"},
    )
    assert way("error_burst", "mailer") == ("pages/health.py", around | {"component": "mailer"})
    assert way("disk", "web1:/var")[1]["host"] == "web1"
    page, params = way("paid_not_mailed")
    assert (page, params["finding"]) == ("pages/reconcile.py", "paid_not_mailed")
    # Reconcile goes by when a payment was begun: hours before it was paid, and found.
    assert params["from"] == "2026-11-21T05:50"
    # What was cut short, or counts many, is no name to look for.
    assert "endpoint" not in way("response_p95", "(others)")[1]
    # A rule that leads elsewhere is taken at its word, and other hosts are no pages.
    assert way("response_p95", "/a", page="/revenue") == ("pages/revenue.py", around)
    found = alerts.find(fire("cpu", page="https://elsewhere.example/system"))
    assert found is not None
    assert alert_rows.way(found, view) is None


def test_what_cannot_be_replayed_says_so_and_an_export_of_no_alert_is_refused(fire: Fire) -> None:
    viewer = Viewer(SEEN)
    shown = viewer.open("alerts", alert=str(fire("stream_late", "mails")))
    shown.assert_well()
    assert charts(shown) == []
    assert "stream_lag is known of each moment alone, and is not kept" in shown.text.lower()
    shown = viewer.open("alerts", alert=str(fire("failure_rate", measure="cpu")))
    shown.assert_well()
    assert "The rule failure_rate measures something else by now" in shown.text
    shown = viewer.open("alerts", alert=str(fire("response_p95", "/nowhere")))
    shown.assert_well()
    assert "Nothing was recorded of it." in shown.text
    with asking(load_settings().data_dir) as client:
        answer = client.get(
            "/admin/export/alert-course.csv?alert=99999999999999999999"
            "&from=2026-11-22T00:00Z&to=2026-11-23T00:00Z"
        )
    assert answer.status_code == 400


def test_a_file_of_rules_that_is_refused_shows_on_health_until_it_is_mended(tmp_path: Path) -> None:
    make_shop(tmp_path / "vectorcraft.db").close()
    rules = only(tmp_path, "cpu")
    good = rules.read_text()
    settings = Settings(data_dir=tmp_path / "data", source_url=ELSEWHERE)
    engine = Engine(60.0, threads=1)

    def seen(watched: Watched) -> tuple[str, list[str]]:
        """What Health shows of the rules after a round of both, the rules' and its own."""
        watched.round()
        with closing(Post.open(settings)) as post:
            Health(post).loop(watched.now)
        with console_on(tmp_path / "data", source_url=ELSEWHERE, watchman="on"):
            shown = Viewer(watched.now).open("health")
        shown.assert_well()
        table = next(f.value for f in shown.app.dataframe if "what" in f.value.columns)
        (row,) = [row for row in table.to_dict("records") if row["name"] == "Rules"]
        return row["what"], list(row["status"])

    with closing(engine), Watched(tmp_path, engine, rules) as watched:
        assert seen(watched) == ("1 rule is evaluated", ["Healthy"])
        rules.write_text(good + '[rules.cpu]\nabove = "3 ms"\n')
        what, status = seen(watched)
        assert status == ["Warning"]
        assert "above: cpu is measured in '%', not in 'ms', refused just now" in what
        assert f"{rules}:" in what
        rules.write_text(good)
        assert seen(watched)[1] == ["Healthy"]
