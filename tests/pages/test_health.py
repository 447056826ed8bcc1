"""The Health page: what was found, with its age; what may be done there; and parts that fail."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.viewer import PAGES, Shown, Viewer, press
from vcanalytics.accounts import Role
from vcanalytics.breakers import Breaker
from vcanalytics.cached import watch
from vcanalytics.health.reading import collectors
from vcanalytics.health.seen import Seen
from vcanalytics.journal import Journal, components
from vcanalytics.model.health import Status, Verdict
from vcanalytics.model.streams import REQUESTS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.facts import DAEMONS, PROBLEM, SUPERVISOR
from vcanalytics.store.sealer import seal
from vcanalytics.web.exports import build

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
#: What a page was promised to answer in, in seconds of this process alone.
WITHIN_S = 1.0


def watched(journal: Journal, now: datetime, **statuses: Status) -> None:
    verdicts = [Verdict("watchman", Status.HEALTHY, "it watches", "", now)]
    verdicts += [
        Verdict(name, status, f"{name} is {status}", "Look at it", now)
        for name, status in statuses.items()
    ]
    with journal.write() as connection:
        components.keep(connection, now, verdicts)


@pytest.fixture
def data_dir(sample_dir: Path, tmp_path: Path) -> Path:
    """The sample shop, watched for two days until now, its disk full and a probe silent."""
    shutil.copytree(sample_dir, tmp_path / "data")
    with closing(Catalogue.open(tmp_path / "data")) as catalogue, catalogue.write(NOW) as writer:
        writer.reject("logs", "system_logs:1:7", "created_at 'soon' is not a time", "{}")
    with closing(Journal.open(tmp_path / "data")) as journal:
        for hours in range(48, 0, -12):
            for seconds in (60, 0):
                at = NOW - timedelta(hours=hours, seconds=seconds)
                watched(journal, at, source=Status.HEALTHY, disk=Status.HEALTHY)
        watched(journal, NOW, source=Status.HEALTHY, disk=Status.CRITICAL)
        breaker = Breaker(journal, "probe:shop")
        for _ in range(6):
            breaker.failed(NOW, "no answer within 5 s")
    return tmp_path / "data"


@pytest.fixture
def console(data_dir: Path) -> Iterator[Path]:
    with console_on(data_dir, source_url=ELSEWHERE, watchman="on"):
        yield data_dir


def found(shown: Shown, column: str, key: str = "name") -> dict[str, object]:
    frame = next(f.value for f in shown.app.dataframe if column in f.value.columns)
    return dict(zip(frame[key], frame[column], strict=True))


def test_it_tells_how_each_component_is_and_what_is_to_be_done(console: Path) -> None:
    shown = Viewer(NOW).open("health")
    shown.assert_well()

    assert next(iter(found(shown, "what"))) == "Disk"
    assert found(shown, "what")["Disk"] == "Disk is critical. Look at it"
    assert list(found(shown, "status")["Disk"]) == ["Critical"]  # type: ignore[call-overload]
    assert found(shown, "since")["Source"] == "20 Nov, 11:59"
    assert "1 critical, 2 healthy" in shown.text
    assert {"Open", "Probe: shop", "no answer within 5 s"} <= shown.cells | set(
        map(str, found(shown, "error").values())
    ) | {"Probe: shop"}
    assert "created_at 'soon' is not a time" in shown.cells
    assert "Error" in shown.cells
    assert found(shown, "refused", "rate")["sign-in"] == 0


def test_the_files_have_what_the_screen_has(console: Path) -> None:
    shown = Viewer(NOW).open("health")
    names = {link.split("/")[-1].split(".csv")[0] for link in shown.links}
    assert names == {"components", "uptime", "breakers", "errors", "rate-limits", "kept-aside"}

    def rows(name: str) -> list[dict[str, object]]:
        params = {"from": "2026-11-22", "to": "2026-11-23", "as_of": NOW.isoformat()}
        return build(name, params).frame.to_dicts()

    assert rows("components")[0]["component"] == "disk"
    assert {row["component"] for row in rows("uptime")} == {"source", "disk", "watchman"}
    assert rows("breakers")[0]["failures"] == 6
    assert sum(int(str(row["count"])) for row in rows("errors")) == sum(
        int(str(count)) for count in _counts(shown)
    )


def test_errors_are_narrowed_to_a_component_by_a_link_and_back_by_a_button(console: Path) -> None:
    viewer = Viewer(NOW)
    first, *_ = found(viewer.open("health"), "example", "component")
    shown = viewer.open("health", component=str(first))
    shown.assert_well()
    assert set(found(shown, "example", "component")) == {first}
    assert f"Only of **{first}**" in shown.text
    link = next(link for link in shown.links if "/errors.csv" in link)
    assert f"component={quote(str(first))}" in link
    around = {"from": "2026-11-22", "to": "2026-11-23", "as_of": NOW.isoformat()}
    exported = build("errors", around | {"component": str(first)}).frame
    assert exported["count"].to_list() == _counts(shown)
    shown = viewer.open("health", component="nobody")
    assert "Other components are left out." in shown.text
    assert first in found(press(viewer, "All"), "example", "component")


def _counts(shown: Shown) -> list[object]:
    return list(next(f.value for f in shown.app.dataframe if "example" in f.value.columns)["count"])


def test_an_admin_resets_a_breaker_and_the_log_says_so(console: Path) -> None:
    viewer = Viewer()
    viewer.open("health")
    shown = press(viewer, "Reset probe\\:shop")
    assert "probe:shop is closed and tried at once." in shown.text
    assert watch.breakers()[0].state == "closed"
    assert watch.breakers()[0].reset_by == viewer.me.name
    with closing(open_quick()) as accounts:
        entry = accounts.audit(limit=1)[0]
    assert (entry.action, entry.actor, entry.target) == (
        "breaker_reset",
        viewer.me.actor,
        "probe:shop",
    )


def test_only_those_who_may_are_offered_it(console: Path) -> None:
    labels = {}
    for role in (Role.VIEWER, Role.OPERATOR):
        viewer = Viewer(me=signed_in(f"some-{role}", role))
        viewer.open("health")
        labels[role] = {button.label for button in viewer.app.button} & {
            "Read them again",
            "Reset probe\\:shop",
        }
    assert labels == {Role.VIEWER: set(), Role.OPERATOR: {"Read them again"}}


def test_word_is_left_to_read_rows_again_where_collectors_are_at_work(console: Path) -> None:
    viewer = Viewer(me=signed_in("op", Role.OPERATOR))
    viewer.open("health")
    assert "No collectors are at work" in press(viewer, "Read them again").text

    now = datetime.now(UTC)
    with closing(Catalogue.open(console)) as catalogue:
        with catalogue.write(now) as writer:
            writer.set_fact(SUPERVISOR, {"beat_at": now.isoformat()})
        assert "within seconds" in press(viewer, "Read them again").text
        assert catalogue.fact("retry_aside") is True


# What may be broken, and what a viewer must still read.


def _source_gone(folder: Path) -> None:
    with closing(Catalogue.open(folder)) as catalogue, catalogue.write(NOW) as writer:
        since = (NOW - timedelta(minutes=3)).isoformat()
        gone = {"problem": "the database cannot be opened", "hint": "", "since": since}
        writer.set_fact(PROBLEM, gone)


def _segment_damaged(folder: Path) -> None:
    with closing(Catalogue.open(folder)) as catalogue:
        sealed = seal(catalogue, Segments(folder), REQUESTS, NOW)
        assert sealed is not None
        path = Segments(folder).local(sealed.segments[-1].key)
        path.write_bytes(path.read_bytes()[:-50])


def _daemon_dead(folder: Path) -> None:
    with closing(Catalogue.open(folder)) as catalogue, catalogue.write(NOW) as writer:
        dead = {"state": "waiting", "last_error": "it broke", "restarts": 3}
        writer.set_fact(DAEMONS, {"upkeep": dead})
        writer.set_fact(SUPERVISOR, {"beat_at": NOW.isoformat()})
    # What the watchman makes of it.
    with closing(Catalogue.open(folder)) as catalogue:
        seen = Seen(NOW, {name: catalogue.fact(name) for name in (DAEMONS, SUPERVISOR)})
        verdicts = [*collectors(seen), Verdict("watchman", Status.HEALTHY, "it watches", "", NOW)]
    with closing(Journal.open(folder)) as journal, journal.write() as connection:
        components.keep(connection, NOW, verdicts)


def _watchman_gone(folder: Path) -> None:
    with closing(Journal.open(folder)) as journal, journal.write() as connection:
        connection.exec_driver_sql("UPDATE component SET checked_at = checked_at - 600000000")


def _journal_missing(folder: Path) -> None:
    for path in folder.glob("journal.db*"):
        path.unlink()


def _journal_damaged(folder: Path) -> None:
    _journal_missing(folder)
    (folder / "journal.db").write_bytes(b"no database" * 1_000)


FAULTS = {
    "source gone": (_source_gone, "The database cannot be opened. Last good data from"),
    "segment damaged": (_segment_damaged, "rows of requests from"),
    "daemon dead": (_daemon_dead, "1 critical, 1 healthy"),
    "watchman gone": (_watchman_gone, "3 unknown"),
    "journal missing": (_journal_missing, "1 unknown"),
    "journal damaged": (_journal_damaged, "Stale"),
}


#: Those that could reach any page.
EVERYWHERE = {"source gone", "segment damaged", "daemon dead", "journal damaged"}


@pytest.mark.parametrize("fault", FAULTS)
def test_with_a_part_broken_pages_answer_with_what_is_known(data_dir: Path, fault: str) -> None:
    broken, told = FAULTS[fault]
    broken(data_dir)
    with console_on(data_dir, source_url=ELSEWHERE, watchman="on"):
        viewer = Viewer(NOW)
        # The first run, of the overview, opens the console.
        viewer.open("health").assert_well()
        began = time.process_time()
        shown = viewer.open("health")
        took_s = time.process_time() - began
        shown.assert_well()
        assert told in shown.text
        for page in PAGES if fault in EVERYWHERE else ():
            other = viewer.open(page)
            assert list(other.app.exception) == [], page
            # What only the journal knows is said to be unreadable, in its own panel.
            assert fault == "journal damaged" or not other.app.error
    assert took_s < WITHIN_S


def test_what_was_found_before_the_journal_broke_stands_with_its_age(console: Path) -> None:
    viewer = Viewer(NOW)
    viewer.open("health")
    # In its place: the console has it open.
    with (console / "journal.db").open("r+b") as file:
        file.write(b"no database" * 1_000)
    (console / "journal.db-wal").write_bytes(b"")
    viewer.app.session_state["paused_now"] = NOW + timedelta(minutes=10)
    shown = viewer.open("health")
    shown.assert_well()
    assert "Not looked at for 10 minutes; it was critical then: disk is critical" in str(
        found(shown, "what")["Disk"]
    )


def test_without_a_watchman_the_page_says_so(sample_dir: Path) -> None:
    with console_on(sample_dir, source_url=ELSEWHERE, watchman="off"):
        shown = Viewer(NOW).open("health")
    shown.assert_well()
    assert "Nobody watches: VC_WATCHMAN is off." in shown.text
    assert "No component has been looked at." in shown.text
    assert "No breaker has ever opened." in shown.text
    assert "Every row of the source could be read." in shown.text
