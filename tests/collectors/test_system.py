"""The host's samples: what there is, once a second, and what is lacking costs nothing else."""

from __future__ import annotations

import math
import os
import threading
from collections import Counter, namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.daemon import Runner
from collectors.probe import Probe
from collectors.system import BATCH_SAMPLES, WAITING_MAX, System, host_name
from vcanalytics.errors import StoreError
from vcanalytics.model.measures import COLLECTORS, CONSOLE, DATA_DISK, MEASURES
from vcanalytics.store import Catalogue, Reader
from vcanalytics.store.checking.check import check

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Times = namedtuple("Times", "user system idle iowait guest")  # noqa: PYI024 as psutil's are
GIB = 1 << 30


class Process:
    """A process that uses a quarter of a core."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def oneshot(self) -> Any:
        return psutil.Process().oneshot()

    def cpu_times(self) -> Any:
        return SimpleNamespace(user=self.host.seconds * 0.25, system=0.0)

    def memory_info(self) -> Any:
        return SimpleNamespace(rss=8192 + 100)

    def num_threads(self) -> int:
        return 3

    def num_fds(self) -> int:
        return 12


class Host:
    """What psutil would tell of a host whose counters a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sent = 0
        self.cards: tuple[str, ...] = ("eth0", "lo")
        self.broken: dict[str, Exception] = {}
        self.battery: Any = SimpleNamespace(percent=81.4)
        self.sensors: Any = {"chip": [SimpleNamespace(current=41.0), SimpleNamespace(current=44.6)]}
        self.swap = 4 * GIB

    def __getattribute__(self, name: str) -> Any:
        broken = object.__getattribute__(self, "__dict__").get("broken", {})
        if name in broken:
            raise broken[name]
        return object.__getattribute__(self, name)

    def cpu_times(self, percpu: bool) -> list[Times]:
        assert percpu
        busy = Times(self.seconds * 0.75, 0.0, self.seconds * 0.2, self.seconds * 0.05, 0.0)
        return [busy, Times(0.0, 0.0, self.seconds, 0.0, 0.0)]

    def getloadavg(self) -> tuple[float, float, float]:
        return (0.123, 1.0, 2.0)

    def virtual_memory(self) -> Any:
        return SimpleNamespace(total=8 * GIB, available=6 * GIB + 5)

    def swap_memory(self) -> Any:
        return SimpleNamespace(total=self.swap, used=self.swap // 4)

    def disk_usage(self, _path: str) -> Any:
        return SimpleNamespace(used=1 * GIB, free=3 * GIB + 9)

    def disk_partitions(self, all: bool) -> list[Any]:  # noqa: A002 psutil's own word
        assert not all
        return [SimpleNamespace(mountpoint="/proc", opts="rw,nodev")]

    def disk_io_counters(self) -> Any:
        return SimpleNamespace(read_bytes=self.sent * 2, write_bytes=self.sent * 3)

    def net_io_counters(self, pernic: bool) -> dict[str, Any]:
        assert pernic
        card = SimpleNamespace(bytes_recv=self.sent, bytes_sent=self.sent)
        return dict.fromkeys(self.cards, card)

    def sensors_temperatures(self) -> Any:
        return self.sensors

    def sensors_battery(self) -> Any:
        return self.battery

    def Process(self, _pid: int) -> Process:  # noqa: N802 psutil's own name
        return Process(self)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue.open(tmp_path)


def read_twice(host: Host, tmp_path: Path) -> dict[tuple[str, str], float]:
    """What a second reading, ten seconds after the first, tells."""
    probe = Probe(tmp_path, {COLLECTORS: 1}, host)
    probe.read(100.0)
    host.seconds, host.sent = 10.0, 5_000
    return {(value.measure, value.item): value.value for value in probe.read(110.0)}


EXPECTED = {
    ("cpu_percent", ""): 37.5,
    ("core_percent", "0"): 75.0,
    ("core_percent", "1"): 0.0,
    ("load_1m", ""): 0.12,
    ("load_5m", ""): 1.0,
    ("load_15m", ""): 2.0,
    ("memory_percent", ""): 25.0,
    ("memory_used_bytes", ""): 2 * GIB - (1 << 20),
    ("swap_percent", ""): 25.0,
    ("disk_percent", DATA_DISK): 25.0,
    ("disk_free_bytes", DATA_DISK): 3 * GIB,
    ("disk_percent", "/proc"): 25.0,
    ("disk_free_bytes", "/proc"): 3 * GIB,
    ("disk_read_bytes_per_s", ""): 1000,
    ("disk_written_bytes_per_s", ""): 1500,
    ("network_received_bytes_per_s", ""): 500,
    ("network_sent_bytes_per_s", ""): 500,
    ("temperature_celsius", "chip"): 45,
    ("battery_percent", ""): 81,
    ("process_cpu_percent", COLLECTORS): 25.0,
    ("process_memory_bytes", COLLECTORS): 8192,
    ("process_threads", COLLECTORS): 3,
    ("process_open_files", COLLECTORS): 12,
}


def test_a_reading_tells_every_measure_of_the_vocabulary(host: Host, tmp_path: Path) -> None:
    assert read_twice(host, tmp_path) == EXPECTED
    assert {measure for measure, _ in EXPECTED} == set(MEASURES)


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("cpu_times", {"cpu_percent", "core_percent"}),
        ("getloadavg", {"load_1m", "load_5m", "load_15m"}),
        ("virtual_memory", {"memory_percent", "memory_used_bytes"}),
        ("swap_memory", {"swap_percent"}),
        ("disk_usage", {"disk_percent", "disk_free_bytes"}),
        ("disk_io_counters", {"disk_read_bytes_per_s", "disk_written_bytes_per_s"}),
        ("net_io_counters", {"network_received_bytes_per_s", "network_sent_bytes_per_s"}),
        ("sensors_temperatures", {"temperature_celsius"}),
        ("sensors_battery", {"battery_percent"}),
        ("Process", {name for name in MEASURES if name.startswith("process")}),
    ],
)
@pytest.mark.parametrize(
    "error",
    [
        AttributeError("psutil has no such thing here"),
        FileNotFoundError(2, "No such file or directory", "/sys/class"),
        PermissionError(13, "Permission denied"),
        RuntimeError("couldn't find /proc/diskstats"),
        psutil.AccessDenied(1),
        ValueError("invalid literal"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_psutil_cannot_tell_costs_itself_alone(
    host: Host, tmp_path: Path, name: str, lost: set[str], error: Exception
) -> None:
    host.broken = {name: error}
    told = read_twice(host, tmp_path)

    assert told == {key: value for key, value in EXPECTED.items() if key[0] not in lost}
    # It comes back by itself.
    host.broken = {}
    probe = Probe(tmp_path, {COLLECTORS: 1}, host)
    probe.read(1.0)
    host.seconds, host.sent = 20.0, 9_000
    assert {value.measure for value in probe.read(2.0)} == set(MEASURES)


def test_a_host_without_battery_swap_sensors_or_disks_has_no_such_values(
    host: Host, tmp_path: Path
) -> None:
    host.battery, host.swap, host.sensors = None, 0, {"chip": []}
    host.disk_partitions = lambda all: []  # type: ignore[method-assign] # noqa: A006
    host.disk_io_counters = lambda: None  # type: ignore[method-assign]
    told = read_twice(host, tmp_path)

    lacking = {"battery_percent", "swap_percent", "temperature_celsius"}
    lacking |= {"disk_read_bytes_per_s", "disk_written_bytes_per_s"}
    assert {measure for measure, _ in told} == set(MEASURES) - lacking
    assert ("disk_percent", "/proc") not in told


def test_counters_that_go_back_or_appear_give_no_rate(host: Host, tmp_path: Path) -> None:
    probe = Probe(tmp_path, {COLLECTORS: 1}, host)
    host.seconds, host.sent = 100.0, 10_000
    probe.read(100.0)
    # The host was resumed: its counters began anew.
    host.seconds, host.sent = 1.0, 50
    told = {value.measure for value in probe.read(110.0)}
    assert not any("per_s" in measure or "cpu" in measure for measure in told)
    # A card comes with all it ever carried: no rate before its second reading.
    host.seconds, host.sent, host.cards = 2.0, 150, ("eth0", "wlan0")
    rates = {v.measure: v.value for v in probe.read(120.0) if v.measure.startswith("network")}
    assert rates == {"network_received_bytes_per_s": 10, "network_sent_bytes_per_s": 10}
    # No time has gone by.
    host.sent = 250
    assert not any("per_s" in value.measure for value in probe.read(120.0))


def test_this_very_host_can_be_read(tmp_path: Path) -> None:
    probe = Probe(tmp_path, {COLLECTORS: os.getpid(), CONSOLE: os.getppid(), "gone": 2**22 + 1})
    probe.read(1.0)
    found = probe.read(2.0)

    told = {(value.measure, value.item) for value in found}
    assert {("memory_percent", ""), ("load_1m", ""), ("disk_percent", DATA_DISK)} <= told
    assert {("process_memory_bytes", COLLECTORS), ("process_threads", CONSOLE)} <= told
    assert not any(item == "gone" for _, item in told)
    assert all(math.isfinite(value.value) and value.value >= 0 for value in found)


def daemon(catalogue: Catalogue, host: Host, tmp_path: Path) -> System:
    system = System(tmp_path, catalogue, clock=lambda: host.seconds, host=host)
    system.initialise()
    return system


def live(system: System, host: Host, moments: list[datetime]) -> None:
    for now in moments:
        host.seconds += 1.0
        host.sent += 100
        system.loop(now)


def seconds_kept(catalogue: Catalogue) -> Counter[datetime]:
    """How many times each second has its load."""
    table = Reader(catalogue).snapshot(["system"]).table("system").to_pylist()
    return Counter(row["happened_at"] for row in table if row["measure"] == "load_1m")


def every(seconds: float, count: int, start: datetime = NOON) -> list[datetime]:
    return [start + timedelta(seconds=seconds * number) for number in range(count)]


def test_there_is_one_sample_a_second_appended_in_batches(
    catalogue: Catalogue, host: Host, tmp_path: Path
) -> None:
    system = daemon(catalogue, host, tmp_path)
    live(system, host, every(0.5, 20, NOON + timedelta(milliseconds=10)))

    assert seconds_kept(catalogue) == Counter(every(1, 10))
    assert catalogue.seqs()["system"] == 10 // BATCH_SAMPLES
    assert catalogue.states()["system"].read_at == NOON + timedelta(seconds=9, milliseconds=10)
    # Samples of other hosts come from programs: this one is known by its name.
    assert catalogue.fact("host") == {"name": host_name()}
    # It wakes on the second, without drift.
    assert system.loop(NOON + timedelta(seconds=30.25)) == pytest.approx(0.75)


@settings(max_examples=25)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("live"), st.integers(1, 12)),
            st.tuples(st.just("step"), st.integers(-40, 40)),
            st.tuples(st.sampled_from(["restart", "kill"]), st.just(0)),
        ),
        max_size=12,
    )
)
def test_no_second_is_kept_twice_by_whatever_clock_and_restart(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder, host, now = tmp_path_factory.mktemp("system"), Host(), NOON
    catalogue = Catalogue.open(folder)
    system = daemon(catalogue, host, folder)
    for kind, number in steps:
        if kind == "live":
            live(system, host, every(1, number, now))
            now += timedelta(seconds=number)
        elif kind == "step":
            now += timedelta(seconds=number)
        else:
            if kind == "restart":
                system.shutdown()
            system = daemon(catalogue, host, folder)
    system.shutdown()
    assert set(seconds_kept(catalogue).values()) <= {1}
    rows = Reader(catalogue).snapshot(["system"]).table("system").to_pylist()
    assert all(row["value"] >= 0 for row in rows)
    assert check(catalogue) == []
    catalogue.close()


class Full:
    """Stands in the place of a catalogue's ``write`` while there is no room; counts the tries."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.room = False
        self.tries = 0
        self._write = catalogue.write

    def __call__(self, *args: Any, **named: Any) -> Any:
        if self.room:
            return self._write(*args, **named)
        self.tries += 1
        raise StoreError("the store cannot be written: the disk is full", heals=True)


def test_what_could_not_be_written_is_written_later(
    catalogue: Catalogue, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = daemon(catalogue, host, tmp_path)
    full = Full(catalogue)
    monkeypatch.setattr(catalogue, "write", full)
    for now in every(1, 5):
        try:
            live(system, host, [now])
        except StoreError:
            system.shutdown()
            system.initialise()
    full.room = True
    live(system, host, [NOON + timedelta(seconds=5)])

    assert seconds_kept(catalogue) == Counter(every(1, 6))


def test_a_full_disk_is_one_line_in_the_log_and_costs_no_sample_that_can_be_kept(
    catalogue: Catalogue,
    host: Host,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    full, stop, clock = Full(catalogue), threading.Event(), iter(every(1, 100))
    monkeypatch.setattr(catalogue, "write", full)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            # Room was made while it waited, and then it was told to stop.
            full.room = True
            stop.set()

    system = System(tmp_path, catalogue, clock=lambda: host.seconds, host=host)
    runner = Runner(system, stop, clock=lambda: next(clock), wait=wait)
    runner.start()
    assert runner.join(20)

    assert [record.exc_info for record in caplog.records] == [None]
    # A try for each round, and none for the shutdown after it.
    assert full.tries == runner.restarts
    assert len(seconds_kept(catalogue)) > runner.restarts


def test_what_waits_has_a_bound(
    catalogue: Catalogue, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = daemon(catalogue, host, tmp_path)
    monkeypatch.setattr("collectors.system.BATCH_SAMPLES", math.inf)
    live(system, host, every(1, WAITING_MAX + 5))
    system.shutdown()

    assert seconds_kept(catalogue) == Counter(every(1, WAITING_MAX + 5)[5:])
