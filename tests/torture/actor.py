"""One actor as a process of its own: ``python -m tests.torture.actor NAME DATA_DIR --told FILE``.

It ends with 0, or with 3 and one line where it could not do its work; any other end is a fault.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from tests.torture.task import ROOMS, Task, act
from tests.torture.trouble import Befalls, Trouble
from vcanalytics.errors import ConsoleError

#: In words, what could not be done.
REFUSED: Final = 3


@click.command()
@click.argument("name", type=click.Choice(list(ROOMS)))
@click.argument("data_dir", type=click.Path(path_type=Path))
@click.option("--now", required=True, type=datetime.fromisoformat)
@click.option("--told", required=True, type=click.Path(path_type=Path))
@click.option("--trouble", type=Trouble.parse)
@click.option("--option", "options", multiple=True, nargs=2)
def main(
    *,
    name: str,
    data_dir: Path,
    now: datetime,
    told: Path,
    trouble: Trouble | None,
    options: tuple[tuple[str, str], ...],
) -> None:
    """Do the actor's work once; TROUBLE befalls it, and TOLD is written when it does."""
    befalls = Befalls(trouble, data_dir, told)
    try:
        befalls.step("start")
        act(name, Task(data_dir, now, befalls.step, dict(options)))
    except ConsoleError as error:
        click.echo(f"{name}: {error}", err=True)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
