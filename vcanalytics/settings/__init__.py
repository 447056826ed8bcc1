"""Every setting of the console, as one table.

Read by everything that starts: the console, the collectors, the commands. A setting is a field of
``Settings`` in lower case and ``VC_`` plus its name in upper case outside. ``.env`` in the working
directory is read first, the environment wins. The README's table is held to this one by a test.
"""

from vcanalytics.settings.checks import is_loopback, mask_secrets
from vcanalytics.settings.reading import PREFIX, Row, load_settings, settings_table
from vcanalytics.settings.table import CAPTURED_ERRORS, Settings

__all__ = [
    "CAPTURED_ERRORS",
    "PREFIX",
    "Row",
    "Settings",
    "is_loopback",
    "load_settings",
    "mask_secrets",
    "settings_table",
]
