"""``python -m collectors``: the daemons, until SIGTERM; or one read of all that is new."""

from __future__ import annotations

import os
import select
import sys
from datetime import UTC, datetime
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from collectors import notices
from collectors.capture import Tally
from collectors.demo import demo_shop
from collectors.instance import AlreadyRunning, Instance
from collectors.once import problem, read_once
from collectors.roster import roster
from collectors.simulator import make_ready
from collectors.supervisor import Supervisor, open_log
from vcanalytics.commands.ending import status_of
from vcanalytics.rules_sound import must_be_sound
from vcanalytics.settings import Settings, load_settings
from vcanalytics.source.demo import demo_url
from vcanalytics.store import Catalogue
from vcanalytics.store.upkeep.room import must_fit

#: How often those that wait for others to end look again.
_WAIT_S: Final = 1.0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--once", is_flag=True, help="Read all that is new, changed or deleted, then stop.")
@click.option(
    "--accept-deletions",
    is_flag=True,
    help="Confirm that rows which vanished at the source were meant to vanish.",
)
@click.option("--with-parent", is_flag=True, hidden=True)
def main(*, once: bool, accept_deletions: bool, with_parent: bool) -> None:
    """Collect VectorCraft's payments and the rest into the console's own store.

    Without options it runs until SIGTERM, one instance per VC_DATA_DIR. Settings come from VC_
    environment variables and .env; see the README.
    """
    settings = load_settings()
    if accept_deletions and not once and _hand_over(settings):
        return
    instance = Instance(settings.store_dir)
    if with_parent and not _wait_for(instance):
        return
    with instance:
        must_be_sound(settings)
        must_fit(settings)
        catalogue = Catalogue.open(settings.store_dir)
        if once or accept_deletions:
            _once(settings, catalogue, accept=accept_deletions)
            return
        with open_log("collectors", settings):
            supervisor = Supervisor(roster(settings, catalogue, with_parent=with_parent), catalogue)
            supervisor.on_signals()
            if with_parent:
                supervisor.with_parent()
            in_time = supervisor.run()
            catalogue.close()
    if not in_time:
        # A thread that hangs in a read must not keep the process; what it had is in the store.
        os._exit(0)


def _wait_for(instance: Instance) -> bool:
    """Wait for other collectors to end; false where the parent ended first.

    A second console on the same data directory lives beside the first, and takes over from it.
    """
    said = False
    while True:
        try:
            with instance:
                return True
        except AlreadyRunning as error:
            if not said:
                click.echo(f"collectors: {error.what}; waiting for them to end", err=True)
                said = True
        if select.select([0], [], [], _WAIT_S)[0] and not os.read(0, 4096):
            return False


def _hand_over(settings: Settings) -> bool:
    """Leave the confirmation for running daemons; whether there are any."""
    try:
        with Instance(settings.store_dir):
            return False
    except AlreadyRunning:
        notices.ask_consent(Catalogue.open(settings.store_dir))
        click.echo("The running collectors take the deletions as meant within seconds.")
        return True


def _once(settings: Settings, catalogue: Catalogue, *, accept: bool) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} {task.fields[unit]}"),
        TimeRemainingColumn(),
    )
    screen = Console(stderr=True)
    # Not where nobody watches: it would leave an empty line, and errors are one line.
    hidden = not screen.is_terminal
    with Progress(*columns, console=screen, transient=True, disable=hidden) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int, unit: str = "rows") -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=max(total, 1), unit=unit)
            bars.update(tasks[name], completed=done, total=max(total, 1))

        if not settings.source_url:
            shop = demo_shop(
                settings, lambda done, total, _: show("demo shop", done, total, "days")
            )
            make_ready(shop, datetime.now(UTC))
        url = settings.source_url or demo_url(settings)
        result = read_once(settings, url, catalogue, accept=accept, progress=show)
    for stream, found in result.items():
        tally, wrong = found if isinstance(found, Tally) else Tally(), problem(found)
        click.echo(
            f"{stream}: {tally.read} rows read, {tally.rejected} rejected"
            + (f": {wrong}" if wrong else "")
        )


if __name__ == "__main__":
    sys.exit(
        status_of(
            "collectors", lambda: main(prog_name="python -m collectors", standalone_mode=False)
        )
    )
