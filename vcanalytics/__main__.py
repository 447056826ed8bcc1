"""``python -m vcanalytics COMMAND``: the commands, and the one line their errors come out as.

A command's module is imported when it is called: help and wrong usage answer at once.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from vcanalytics.errors import ConsoleError, UsageError

_NAME: Final = "python -m vcanalytics"
#: Each command and the first line of its help. Its module in ``commands`` has its name.
COMMANDS: Final = {
    "revenue": "Takings by hour, day, week or month.",
    "latency": "Response times by endpoint: mean, percentiles, errors.",
    "transactions": "Payments, the newest first.",
    "transaction": "The timeline of one payment.",
    "reconcile": "What does not add up: payments that need a person.",
    "streams": "What has been read, and how old it is.",
    "source": "What VectorCraft's database is, and what of it can be read.",
    "check": "Verify the store against itself.",
}


class Commands(click.Group):
    """The commands by name, each from its own module; any error becomes one line and a status."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"vcanalytics.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run, and leave the process with the command's status: 0, 1, or 2 for wrong usage."""
        kwargs["standalone_mode"] = False
        run = super().main
        sys.exit(_status(lambda: run(*args, **kwargs)))


def _status(run: Callable[[], Any]) -> int:
    try:
        return int(run() or 0)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else _NAME
        what = error.format_message()
        what = what if what.endswith(("?", ".")) else f"{what}."
        return _failed(f"{what} See `{path} --help`", 2)
    except click.ClickException as error:
        return _failed(error.format_message(), 1)
    except click.Abort:
        return 130
    except ConsoleError as error:
        return _failed(str(error), 2 if isinstance(error, UsageError) else 1)
    # A reader who has seen enough (`| head`) is click's matter: it ends the process quietly.
    except OSError as error:
        return _failed(f"{error.filename or 'output'}: {error.strerror or error}", 1)
    except Exception as error:  # noqa: BLE001 - the edge: whatever happens, never a traceback
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        what = f"{type(error).__name__}: {error}"
        return _failed(f"{place}: {what}. This is a fault of the console: please report it", 1)


def _failed(line: str, status: int) -> int:
    sys.stderr.write(f"vcanalytics: {' '.join(line.split())}\n")
    return status


@click.group(
    cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]}
)
def main() -> None:
    """Ask the console's store, from a terminal or a script.

    Settings come from VC_ environment variables and .env; see the README.
    """


if __name__ == "__main__":
    main(prog_name=_NAME)
