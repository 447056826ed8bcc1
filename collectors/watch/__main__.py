"""``python -m collectors.watch``: started by the collectors, and gone with them."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final, NoReturn

from collectors.supervisor import Supervisor, open_log
from collectors.watch.post import Post
from collectors.watch.roster import roster
from vcanalytics.commands.ending import status_of
from vcanalytics.display.formats import write_numbers_as
from vcanalytics.settings import load_settings
from vcanalytics.store.facts import WATCHMAN, WATCHMAN_DAEMONS

#: The collectors that started it promise to be gone in five seconds, and wait for it within them.
_STOP_WITHIN_S: Final = 2.5


def main() -> NoReturn:
    """Watch until standard input ends, which is the collectors' end, or until SIGTERM."""
    settings = load_settings()
    write_numbers_as(settings.locale)
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
    if supervisor.run():
        post.close()
    logging.shutdown()
    # A thread that waits for a silent server must not keep the process, nor may taking DuckDB apart
    # on a busy host: what is to be kept is kept.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(status_of("watchman", main))
