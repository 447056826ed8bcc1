"""Limits by which the watchman calls a component of the console's healthy or not.

What VectorCraft itself calls slow or full stands in ``thresholds``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

#: How often every component is judged.
ROUND: Final = timedelta(seconds=30)
#: Rounds that nobody made for so long: what was judged before says nothing of now.
STALE_AFTER: Final = timedelta(seconds=90)

#: A source is locked now and then for some seconds.
SOURCE_PATIENCE: Final = timedelta(seconds=10)
#: A stream that was not read for so long is late, and then has stopped.
LATE_AFTER: Final = timedelta(minutes=1)
STOPPED_AFTER: Final = timedelta(minutes=5)
#: Rows that were kept aside within this are news.
ASIDE_LATELY: Final = timedelta(minutes=15)

#: A daemon that fails may come back at once; one that has had no good round for so long is dead.
DAEMON_DEAD_AFTER: Final = timedelta(minutes=1)
#: A long step of upkeep is no fault; a round that does not end is.
DAEMON_SLOW_AFTER: Final = timedelta(minutes=5)
DAEMON_HUNG_AFTER: Final = timedelta(minutes=30)

#: Shares of the disk, or of what the console may take of it, in percent.
DISK_WARNING_PERCENT: Final = 90.0
DISK_CRITICAL_PERCENT: Final = 97.0
#: Means of the last ``HOST_MEAN``, in percent. Warnings begin where VectorCraft's own do.
CPU_CRITICAL_PERCENT: Final = 95.0
MEMORY_CRITICAL_PERCENT: Final = 95.0
HOST_MEAN: Final = timedelta(minutes=5)
#: A mean of less than this is of a start, which is busy everywhere.
HOST_MEAN_LEAST: Final = timedelta(minutes=3)
#: The host is sampled every second: older samples say nothing of now.
HOST_OLD_AFTER: Final = timedelta(minutes=2)

#: VectorCraft checks itself every few minutes.
CHECK_OLD_AFTER: Final = timedelta(minutes=15)
#: A backup is taken every night by most.
BACKUP_OLD_AFTER: Final = timedelta(days=7)
#: The evaluation of rules tells of itself every minute.
RULES_OLD_AFTER: Final = timedelta(minutes=5)
