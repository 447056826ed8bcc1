"""From a fault to the message at a receiver: each default rule, by real processes.

A simulated shop with eight days behind it, its collectors with their watchman, and an HTTP server
that is told by a webhook. One rule after the other is broken: rows are written that the rule is
about (of payments, logs, response times and components into the shop's database; of hosts that are
sampled each second as a collector adds them). The clock runs from the commit of the rows until the
server has the message that names the rule.

Left out are rules of which time itself is the fault: `disk_filling` holds for ten minutes before it
fires, `backup_old` is of a day, `takings_down` of three hours; of `stream_late` the 35 s of its
limit are part of the figure. Five minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.results import Aim, Options, Result, percentile
from benchmarks.served import ROOT
from collectors.simulator import Simulator, make_ready
from tests.notify.receivers import Web, web_server
from tests.shop import Shop, open_shop, utc_text
from vcanalytics.journal import Journal, rule_states
from vcanalytics.model.streams import SYSTEM
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch

_HISTORY: Final = timedelta(days=8)
_READY_WITHIN_S: Final = 180.0
_NOTICED_WITHIN_S: Final = 150.0
_AIM_S: Final = 60.0
_RULES: Final = """
[channels.hook]
type = "webhook"
url = "{url}"
allow_private = true
rate_per_minute = 60
[routes]
critical = ["hook"]
warning = ["hook"]
"""


@dataclass
class _Scene:
    """A shop that is watched, and where its messages go."""

    folder: Path
    shop: Shop
    web: Web
    catalogue: Catalogue
    _number: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def payments(self, count: int, age: timedelta, *, paid: bool = False, **values: object) -> None:
        """So many payments that were begun so long ago, all in one commit."""
        at = utc_text(datetime.now(UTC) - age)
        with self.shop.batch():
            for _ in range(count):
                name = f"VC_BENCH_{next(self._number)}"
                self.shop.transaction(name, created_at=at, email=f"{name}@example.com", **values)
                if paid:
                    captured = {"completed_at": at, "email_sent": 1, "user_created": 1}
                    self.shop.update(name, status="completed", **{**captured, **values})

    def rows(self, table: str, count: int, **values: object) -> None:
        self.shop.insert_many(table, [values] * count)

    def host(self, **shares: float) -> None:
        """Two minutes of samples of a host, each second."""
        now = datetime.now(UTC).replace(microsecond=0)
        rows: list[dict[str, Any]] = [
            {
                "happened_at": now - timedelta(seconds=second),
                "host": "bench",
                "measure": f"{measure}_percent",
                "item": "/" if measure == "disk" else "",
                "value": value,
            }
            for second in range(120)
            for measure, value in shares.items()
        ]
        key = str(next(self._number))
        self.catalogue.append(SYSTEM.name, "bench", key, make_batch(SYSTEM, rows))


def _local(moment: datetime) -> str:
    """As performance and system metrics have it: naive, with microseconds; the zone is UTC."""
    return moment.replace(tzinfo=None).isoformat(sep=" ")


def _now() -> str:
    return _local(datetime.now(UTC))


_OLD: Final = timedelta(minutes=11)
_AT_ONCE: Final = timedelta()
_NOT_DEFINED: Final = "name 'string' is not defined"


def _requests(scene: _Scene, kind: str, endpoint: str, value_ms: float, status: str) -> None:
    scene.rows(
        "performance_metrics",
        40,
        metric_type=kind,
        endpoint=endpoint,
        value=value_ms,
        status=status,
        timestamp=_now(),
    )


def _errors(scene: _Scene, count: int, component: str) -> None:
    scene.rows(
        "system_logs",
        count,
        level="ERROR",
        component=component,
        message="it broke",
        created_at=utc_text(datetime.now(UTC)),
    )


def _samples(scene: _Scene, count: int, cpu: float, memory: float) -> None:
    scene.rows(
        "system_metrics",
        count,
        metric_type="system",
        cpu_percent=cpu,
        memory_percent=memory,
        disk_percent=40.0,
        timestamp=_now(),
    )


def _critical(scene: _Scene) -> None:
    scene.rows(
        "system_health",
        1,
        component="email_service",
        status="critical",
        error_message="no answer",
        checked_at=utc_text(datetime.now(UTC)),
    )


def _gone(scene: _Scene) -> None:
    """The database file is somewhere else, as after a move."""
    scene.shop.path.rename(scene.shop.path.with_suffix(".away"))


#: By rule, in this order: what breaks it.
FAULTS: Final[dict[str, Callable[[_Scene], None]]] = {
    "failure_rate": lambda s: s.payments(60, _AT_ONCE, status="failed", error_message="declined"),
    "stuck": lambda s: s.payments(60, timedelta(minutes=6), status="awaiting_payment"),
    "paid_not_mailed": lambda s: s.payments(12, _OLD, paid=True, email_sent=0),
    "paid_no_account": lambda s: s.payments(12, _OLD, paid=True, user_created=0),
    "captured_but_failed": lambda s: s.payments(
        12, _AT_ONCE, status="error", error_message=_NOT_DEFINED
    ),
    "error_burst": lambda s: _errors(s, 30, "bench_burst"),
    "error_hour": lambda s: _errors(s, 60, "bench_hour"),
    "response_p95": lambda s: _requests(s, "request_time", "/bench/p95", 900.0, "success"),
    "response_mean": lambda s: _requests(s, "request_time", "/bench/mean", 150.0, "success"),
    "response_errors": lambda s: _requests(s, "request_time", "/bench/errors", 20.0, "error"),
    "query_mean": lambda s: _requests(s, "database_query", "bench", 300.0, "success"),
    "paypal_slow": lambda s: _requests(s, "paypal_api_response_time", "/v2", 9_000.0, "healthy"),
    "component_critical": _critical,
    "cpu_vectorcraft": lambda s: _samples(s, 40, 97.0, 50.0),
    "memory_vectorcraft": lambda s: _samples(s, 600, 50.0, 97.0),
    "cpu": lambda s: s.host(cpu=97.0),
    "memory": lambda s: s.host(memory=97.0),
    "disk": lambda s: s.host(disk=97.0),
    "stream_late": _gone,
}


def run(options: Options) -> list[Result]:
    wanted = list(FAULTS)[:3] if options.quick else list(FAULTS)
    with _watched(options) as scene:
        found = [(rule, _seconds(scene, rule, options)) for rule in wanted]
    took = [seconds for _, seconds in found if seconds is not None]
    missing = [rule for rule, seconds in found if seconds is None]
    return [
        Result(
            "From a fault to the message at the receiver",
            ("rule", "seconds"),
            found,
            (
                f"Median {percentile(took, 0.5):.1f} s; 5 of them wait for others of the group.",
                *([f"Not told within {_NOTICED_WITHIN_S:.0f} s: {missing}"] if missing else []),
            ),
            tuple(Aim(rule, seconds or _NOTICED_WITHIN_S, _AIM_S, "s") for rule, seconds in found),
        )
    ]


def _seconds(scene: _Scene, rule: str, options: Options) -> float | None:
    scene.web.reset()
    FAULTS[rule](scene)
    began = time.monotonic()
    while time.monotonic() - began < _NOTICED_WITHIN_S:
        if any(rule in _rules(call.json) for call in list(scene.web.calls)):
            took = time.monotonic() - began
            options.say(f"{rule}: {took:.1f} s")
            return took
        time.sleep(0.05)
    options.say(f"{rule}: not told")
    return None


def _rules(message: dict[str, Any]) -> set[str]:
    return {alert["rule"] for alert in message["alerts"] if alert["what"] != "resolved"}


@contextmanager
def _watched(options: Options) -> Iterator[_Scene]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, web_server() as web:
        folder = Path(name)
        path = folder / "shop.db"
        options.say("a shop of eight days")
        make_ready(
            Simulator(path, payments_per_minute=0, history=_HISTORY, seed=options.seed),
            datetime.now(UTC),
        )
        (folder / "rules.toml").write_text(_RULES.format(url=web.url()))
        with (
            open_shop(path) as shop,
            _collectors(folder, path),
            closing(Catalogue.open(folder / "data")) as catalogue,
        ):
            _wait_until_watched(folder / "data", catalogue, options)
            yield _Scene(folder, shop, web, catalogue)


@contextmanager
def _collectors(folder: Path, shop: Path) -> Iterator[None]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VC_")}
    with (folder / "collectors.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "collectors"],
            cwd=ROOT,
            env={
                **plain,
                "VC_DATA_DIR": str(folder / "data"),
                "VC_SOURCE_URL": f"sqlite:///{shop}",
                "VC_RULES_FILE": str(folder / "rules.toml"),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_watched(data: Path, catalogue: Catalogue, options: Options) -> None:
    """All history is read, and each rule was looked at once since."""
    options.say("its history is read")
    give_up_at = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < give_up_at:
        states = catalogue.states()
        payments, requests = states["transactions"], states["requests"]
        if (
            payments.read_at
            and requests.read_at
            and not (payments.reading_history or requests.reading_history)
        ):
            break
        time.sleep(0.2)
    read_at = datetime.now(UTC)
    with closing(Journal.open(data)) as journal:
        while time.monotonic() < give_up_at:
            with journal.read() as connection:
                told = rule_states.told(connection, rule_states.UNANSWERED)
            # What looks back further is looked at every thirty seconds.
            if told is not None and told[0] > read_at + timedelta(seconds=30) and not told[1]:
                return
            time.sleep(0.5)
    raise RuntimeError("the watchman did not look at every rule in time")
