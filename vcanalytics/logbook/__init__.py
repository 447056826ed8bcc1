"""The console's own log: one JSON line an event in files of its own, and what they say.

Each process (console, collectors, watchman) writes a file of its own in ``logs`` beside the store,
bounded in size and number. It holds no secrets, and of customers nothing but ids.
"""

from vcanalytics.logbook.masking import mask
from vcanalytics.logbook.reading import Group, Stamp, group, merge, newest, stamps
from vcanalytics.logbook.writing import FOLDER, Logbook, open_logbook

__all__ = [
    "FOLDER",
    "Group",
    "Logbook",
    "Stamp",
    "group",
    "mask",
    "merge",
    "newest",
    "open_logbook",
    "stamps",
]
