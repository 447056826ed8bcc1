"""Whether the file of rules is one that can be followed, in all its parts, before anything starts.

Who follows it afterwards reads it in parts: alerts their rules, health its probes, notifications
their channels. Nothing here asks anything, so that collectors may look as well.
"""

from __future__ import annotations

from vcanalytics.alerts.rules import read_rules
from vcanalytics.health.probes import probes
from vcanalytics.notify.plan import read_plan
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import Settings


def must_be_sound(settings: Settings) -> None:
    """Raises SettingError, with line and reason, where VC_RULES_FILE names a file that is wrong."""
    if settings.rules_file is None:
        return
    file = RulesFile.read(settings.rules_file)
    for part in (read_rules, probes, read_plan):
        part(file)
