"""``python -m collectors.watch``: started by the collectors, and gone with them."""

from __future__ import annotations

import os
import sys
from typing import Final

from collectors.supervisor import Supervisor, open_log
from collectors.watch.post import Post
from collectors.watch.roster import roster
from vcanalytics.commands.ending import status_of
from vcanalytics.settings import load_settings
from vcanalytics.store.facts import WATCHMAN, WATCHMAN_DAEMONS

#: The collectors that started it promise to be gone in five seconds, and wait for it within them.
_STOP_WITHIN_S: Final = 2.5


def main() -> None:
    """Watch until standard input ends, which is the collectors' end, or until SIGTERM."""
    settings = load_settings()
    open_log("watchman", settings)
    post = Post.open(settings)
    supervisor = Supervisor(
        roster(post),
        post.catalogue,
        facts=(WATCHMAN_DAEMONS, WATCHMAN),
        stop_within_s=_STOP_WITHIN_S,
    )
    supervisor.on_signals()
    supervisor.with_parent()
    if not supervisor.run():
        # A thread that waits for a silent server must not keep the process.
        os._exit(0)
    post.close()


if __name__ == "__main__":
    sys.exit(status_of("watchman", main))
