"""How a command ends: a status, and one line on stderr where it went wrong. Never a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vcanalytics.errors import ConsoleError, UsageError


def status_of(name: str, run: Callable[[], Any]) -> int:
    """Run a command and return its status: 0 or its own, 2 for wrong usage, 1 for other errors.

    ``name`` is what its lines on stderr begin with; ``run`` calls click without its standalone
    mode, which would end the process in its own way.
    """
    try:
        return int(run() or 0)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else f"python -m {name}"
        what = error.format_message()
        what = what if what.endswith(("?", ".")) else f"{what}."
        return _failed(name, f"{what} See `{path} --help`", 2)
    except click.ClickException as error:
        return _failed(name, error.format_message(), 1)
    except click.Abort:
        return 130
    except ConsoleError as error:
        return _failed(name, str(error), 2 if isinstance(error, UsageError) else 1)
    # A reader who has seen enough (`| head`) is click's matter: it ends the process quietly.
    except OSError as error:
        return _failed(name, f"{error.filename or 'output'}: {error.strerror or error}", 1)
    except Exception as error:  # noqa: BLE001 - the edge: whatever happens, never a traceback
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        what = f"{type(error).__name__}: {error}"
        return _failed(
            name, f"{place}: {what}. This is a fault of the console: please report it", 1
        )


def _failed(name: str, line: str, status: int) -> int:
    sys.stderr.write(f"{name}: {' '.join(line.split())}\n")
    return status
