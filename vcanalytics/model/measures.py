"""What is measured of a host and of the console's own processes: name, unit, meaning.

A measure's name ends in its unit. What the vocabulary does not know is shown by its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. ``item`` says what its items are; empty: there is one value a host.

    ``digits`` is how many decimals are kept: what lies below is noise, and costs storage.
    """

    name: str
    label: str
    unit: str
    meaning: str
    item: str = ""
    digits: int = 0


_ALL: Final = (
    Measure("cpu_percent", "CPU", "%", "share of all cores' time in use", digits=1),
    Measure("core_percent", "Core", "%", "share of one core's time in use", "core", digits=1),
    Measure("load_1m", "Load, 1 min", "", "mean number of waiting tasks", digits=2),
    Measure("load_5m", "Load, 5 min", "", "mean number of waiting tasks", digits=2),
    Measure("load_15m", "Load, 15 min", "", "mean number of waiting tasks", digits=2),
    Measure("memory_percent", "Memory", "%", "share of memory that is not available", digits=1),
    Measure("memory_used_bytes", "Memory used", "bytes", "total less available, to the MiB"),
    Measure("swap_percent", "Swap", "%", "share of swap in use", digits=1),
    # Three decimals: the day a disk is full is told from how it fills.
    Measure("disk_percent", "Disk", "%", "share of the space in use", "disk", digits=3),
    Measure("disk_free_bytes", "Disk free", "bytes", "space left to use, to the MiB", "disk"),
    Measure("disk_read_bytes_per_s", "Disk reads", "bytes/s", "of all disks together"),
    Measure("disk_written_bytes_per_s", "Disk writes", "bytes/s", "of all disks together"),
    Measure("network_received_bytes_per_s", "Network in", "bytes/s", "without loopback"),
    Measure("network_sent_bytes_per_s", "Network out", "bytes/s", "without loopback"),
    Measure("temperature_celsius", "Temperature", "°C", "the hottest of a sensor", "sensor"),
    Measure("battery_percent", "Battery", "%", "charge left"),
    Measure(
        "process_cpu_percent", "CPU", "%", "of one core; above 100 on several", "process", digits=1
    ),
    Measure("process_memory_bytes", "Memory", "bytes", "resident, to the 4 KiB", "process"),
    Measure("process_threads", "Threads", "", "running in the process", "process"),
    Measure("process_open_files", "Open files", "", "and sockets", "process"),
)

MEASURES: Final[dict[str, Measure]] = {measure.name: measure for measure in _ALL}

#: The host that VectorCraft's own samples are kept under.
VECTORCRAFT: Final = "vectorcraft"
#: Items: the disk that the console's data lies on, and its own processes.
DATA_DISK: Final = "data"
CONSOLE: Final = "console"
COLLECTORS: Final = "collectors"
