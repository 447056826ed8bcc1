"""What is measured of this host: one reading of everything it has, by the names of model.measures.

A host without battery, swap, sensors or a disk simply has no such value. What fails costs itself
alone. Rates need two readings, are taken over a clock that only grows, and are never negative: a
counter that went back has no rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from collectors.daemon import LOG
from vcanalytics.model.measures import DATA_DISK, MEASURES

_MIB: Final = 1 << 20
_PAGE: Final = 4096
_LOOPBACK: Final = ("lo", "lo0")
#: Disks are looked for this seldom; so many are measured at most, besides that of the data.
_LOOK_FOR_DISKS_S: Final = 60.0
_DISKS_MAX: Final = 8
#: What psutil raises where a platform, a container or a broken driver lacks something.
_COSTS_ITSELF: Final = (
    psutil.Error,
    OSError,
    AttributeError,
    LookupError,
    RuntimeError,
    ValueError,
    TypeError,
    ArithmeticError,
)


class Value(NamedTuple):
    """One value of one reading."""

    measure: str
    item: str
    value: float


class Probe:
    """Reads the host. ``processes`` are the console's own: item and process id.

    ``host`` is psutil, or what stands in its place.
    """

    def __init__(self, data_dir: Path, processes: Mapping[str, int], host: Any = psutil) -> None:
        self._data_dir = data_dir
        self._host = host
        self._processes = dict(processes)
        self._opened: dict[str, Any] = {}
        self._counters: dict[tuple[str, str], tuple[float, float]] = {}
        self._cores: list[Any] = []
        self._disks: list[str] = []
        self._disks_at = -math.inf
        self._failing: set[str] = set()

    def read(self, moment: float) -> list[Value]:
        """Everything there is at ``moment``, in seconds of a clock that only grows."""
        parts: list[tuple[str, Callable[[], Iterator[Value]]]] = [
            ("cpu", self._cpu),
            ("load", self._load),
            ("memory", self._memory),
            ("swap", self._swap),
            ("data disk", lambda: self._disk(DATA_DISK, str(self._data_dir))),
            ("disks", lambda: self._look_for_disks(moment)),
            *((f"disk {at}", lambda at=at: self._disk(at, at)) for at in self._disks),
            ("disk traffic", lambda: self._disk_traffic(moment)),
            ("network", lambda: self._network(moment)),
            ("temperatures", self._temperatures),
            ("battery", self._battery),
            *((f"process {i}", lambda i=i: self._process(i, moment)) for i in self._processes),
        ]
        found: list[Value] = []
        for name, part in parts:
            found.extend(self._contained(name, part))
        return found

    def _contained(self, name: str, part: Callable[[], Iterator[Value]]) -> list[Value]:
        try:
            values = list(part())
        except _COSTS_ITSELF as error:
            if name not in self._failing:
                LOG.info("system: no %s here: %s", name, str(error) or type(error).__name__)
            self._failing.add(name)
            return []
        self._failing.discard(name)
        return [
            Value(measure, item, round(value, MEASURES[measure].digits))
            for measure, item, value in values
            if math.isfinite(value)
        ]

    def _rate(self, measure: str, item: str, counter: float, moment: float) -> float | None:
        """Units a second since the last reading, None where there is none to compare with."""
        before = self._counters.get((measure, item))
        self._counters[measure, item] = (counter, moment)
        if before is None or moment <= before[1] or counter < before[0]:
            return None
        return (counter - before[0]) / (moment - before[1])

    def _cpu(self) -> Iterator[Value]:
        before, self._cores = self._cores, self._host.cpu_times(percpu=True)
        if len(before) != len(self._cores):
            return
        used_all = spent_all = 0.0
        for number, (was, is_) in enumerate(zip(before, self._cores, strict=True)):
            used = _used_s(is_) - _used_s(was)
            spent = used + _idle_s(is_) - _idle_s(was)
            # A core's counters may go back a tick.
            used = min(max(used, 0.0), spent)
            if spent > 0:
                yield Value("core_percent", str(number), 100 * used / spent)
                used_all, spent_all = used_all + used, spent_all + spent
        if spent_all > 0:
            yield Value("cpu_percent", "", 100 * used_all / spent_all)

    def _load(self) -> Iterator[Value]:
        names = ("load_1m", "load_5m", "load_15m")
        for name, value in zip(names, self._host.getloadavg(), strict=True):
            yield Value(name, "", value)

    def _memory(self) -> Iterator[Value]:
        memory = self._host.virtual_memory()
        used = memory.total - memory.available
        yield Value("memory_percent", "", 100 * used / memory.total)
        yield Value("memory_used_bytes", "", used // _MIB * _MIB)

    def _swap(self) -> Iterator[Value]:
        swap = self._host.swap_memory()
        if swap.total:
            yield Value("swap_percent", "", 100 * swap.used / swap.total)

    def _disk(self, item: str, path: str) -> Iterator[Value]:
        disk = self._host.disk_usage(path)
        # Of what may be used: a share is kept back for the system.
        yield Value("disk_percent", item, 100 * disk.used / (disk.used + disk.free))
        yield Value("disk_free_bytes", item, disk.free // _MIB * _MIB)

    def _look_for_disks(self, moment: float) -> Iterator[Value]:
        """Gives no value: finds the disks to measure besides that of the data."""
        if moment - self._disks_at < _LOOK_FOR_DISKS_S:
            return
        self._disks_at, self._disks = moment, []
        devices = {self._data_dir.stat().st_dev}
        for part in self._host.disk_partitions(all=False):
            # What cannot be written to never fills: images, media.
            if "ro" in part.opts.split(","):
                continue
            device = Path(part.mountpoint).stat().st_dev
            if device not in devices and len(self._disks) < _DISKS_MAX:
                devices.add(device)
                self._disks.append(part.mountpoint)
        yield from ()

    def _disk_traffic(self, moment: float) -> Iterator[Value]:
        traffic = self._host.disk_io_counters()
        if traffic is None:
            return
        for measure, counter in (
            ("disk_read_bytes_per_s", traffic.read_bytes),
            ("disk_written_bytes_per_s", traffic.write_bytes),
        ):
            if (rate := self._rate(measure, "", counter, moment)) is not None:
                yield Value(measure, "", rate)

    def _network(self, moment: float) -> Iterator[Value]:
        cards = self._host.net_io_counters(pernic=True)
        for measure, field in (
            ("network_received_bytes_per_s", "bytes_recv"),
            ("network_sent_bytes_per_s", "bytes_sent"),
        ):
            # By card, then added: one that appears brings all it ever carried.
            rates = [
                self._rate(measure, name, getattr(card, field), moment)
                for name, card in cards.items()
                if name not in _LOOPBACK
            ]
            known = [rate for rate in rates if rate is not None]
            if known:
                yield Value(measure, "", sum(known))

    def _temperatures(self) -> Iterator[Value]:
        for sensor, readings in self._host.sensors_temperatures().items():
            known = [r.current for r in readings if r.current is not None]
            if known:
                yield Value("temperature_celsius", sensor, max(known))

    def _battery(self) -> Iterator[Value]:
        battery = self._host.sensors_battery()
        if battery is not None:
            yield Value("battery_percent", "", battery.percent)

    def _process(self, item: str, moment: float) -> Iterator[Value]:
        process = self._opened.get(item)
        if process is None:
            process = self._opened[item] = self._host.Process(self._processes[item])
        with process.oneshot():
            times = process.cpu_times()
            memory, threads = process.memory_info().rss, process.num_threads()
        rate = self._rate("process_cpu_percent", item, times.user + times.system, moment)
        if rate is not None:
            yield Value("process_cpu_percent", item, 100 * rate)
        yield Value("process_memory_bytes", item, memory // _PAGE * _PAGE)
        yield Value("process_threads", item, threads)
        yield Value("process_open_files", item, process.num_fds())


def _idle_s(times: Any) -> float:
    # Waiting for a disk is idling.
    return float(times.idle + getattr(times, "iowait", 0.0))


def _used_s(times: Any) -> float:
    # Guests' time stands in user and nice already.
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - guests) - _idle_s(times)
