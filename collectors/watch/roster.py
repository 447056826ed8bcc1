"""Which daemons the watchman runs."""

from __future__ import annotations

from collectors.daemon import Daemon
from collectors.watch.alerts import Alerts
from collectors.watch.cases import Cases
from collectors.watch.health import Health
from collectors.watch.notify import Notify
from collectors.watch.post import Post


def roster(post: Post) -> list[Daemon]:
    """The daemons, in the order they are started: a line each."""
    return [
        Health(post),
        Alerts(post),
        Notify(post),
        Cases(post),
    ]
