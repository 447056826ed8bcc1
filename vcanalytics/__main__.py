"""``python -m vcanalytics COMMAND``: the commands, and the one line their errors come out as.

A command's module is imported when it is called: help and wrong usage answer at once.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final, NoReturn

import click

from vcanalytics.commands.ending import status_of

_NAME: Final = "python -m vcanalytics"
#: Each command and the first line of its help. Its module in ``commands`` has its name.
COMMANDS: Final = {
    "revenue": "Takings by hour, day, week or month.",
    "latency": "Response times by endpoint: mean, percentiles, errors.",
    "transactions": "Payments, the newest first.",
    "transaction": "The timeline of one payment.",
    "reconcile": "What does not add up: payments that need a person.",
    "failures": "Failed payments by message: how often, whom it hit, what is new.",
    "report": "A day or a week as a PDF: takings, what needs a person, failures, how the shop ran.",
    "outages": "When PayPal or the mail was down, by which signs, and whom that hit.",
    "paypal": "PayPal's own side: import its downloads, and what they and the shop differ in.",
    "alerts": "What is firing, which rules hold, and when one would have fired.",
    "streams": "What has been read, and how old it is.",
    "source": "What VectorCraft's database is, and what of it can be read.",
    "check": "Verify the store against itself.",
    "backup": "A consistent copy of everything, while everything runs.",
    "restore": "Put a backup back into an empty data directory (VC_DATA_DIR).",
    "forget": "Put a pseudonym in a customer's place, everywhere; sums stay.",
    "user": "Who may sign in to the console, and as what.",
    "token": "API tokens, for programs that ask or feed the console.",
    "note": "Notes on the time axis: a release, an outage; charts show them.",
    "notify": "Who is told of alerts, and whether it reached them.",
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
        sys.exit(status_of("vcanalytics", lambda: run(*args, **kwargs)))


@click.group(
    cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]}
)
def main() -> None:
    """Ask the console's store, from a terminal or a script.

    Settings come from VC_ environment variables and .env; see the README.
    """


if __name__ == "__main__":
    main(prog_name=_NAME)
