"""What the commands' options share: format, zone, times, text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click

from vcanalytics.errors import UsageError
from vcanalytics.model.times import read_typed_time, read_zone

FORMATS: Final = ("table", "csv", "json")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Text(click.ParamType[str]):
    """Text that may be asked for: what is no UTF-8 stands in no row, and no engine takes it."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            self.fail(f"{text!r} is not UTF-8 text", param, ctx)
        return text


TEXT: Final = _Text()


def output(command: _Command) -> _Command:
    """``--format`` and ``--zone``."""
    for option in (
        click.option(
            "--zone", metavar="ZONE", help="Zone of times without an offset. [default: VC_TIMEZONE]"
        ),
        click.option(
            "--format",
            "form",
            type=click.Choice(FORMATS),
            default="table",
            show_default=True,
            help="How to print the answer.",
        ),
    ):
        command = option(command)
    return command


def times(start: str, *, of: str = "") -> Callable[[_Command], _Command]:
    """``--from`` and ``--to``; ``start`` says what the former is by default, ``of`` whose times."""

    def add(command: _Command) -> _Command:
        end = "now" if start != "all" else start
        for option in (
            click.option(
                "--to", "end", metavar="TIME", help=f"Before this time{of}. [default: {end}]"
            ),
            click.option(
                "--from", "start", metavar="TIME", help=f"From this time on{of}. [default: {start}]"
            ),
        ):
            command = option(command)
        return command

    return add


@contextmanager
def naming(option: str) -> Iterator[None]:
    """Say of a wrong value which option it was given to."""
    try:
        yield
    except UsageError as error:
        error.where = error.where or option
        raise


def zone_of(name: str | None, default: ZoneInfo) -> ZoneInfo:
    """The zone that was asked for.

    Raises UsageError.
    """
    with naming("--zone"):
        return default if name is None else read_zone(name)


def time_of(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """The time given to ``option``, None where none was.

    Raises UsageError.
    """
    with naming(option):
        return None if text is None else read_typed_time(text, zone)


def between(
    start: str | None, end: str | None, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """``[--from, --to)``, open where nothing was given.

    Raises UsageError.
    """
    first, last = time_of(start, zone, "--from"), time_of(end, zone, "--to")
    if first is not None and last is not None:
        _in_order(first, last, zone)
    return first, last


def ending(
    start: str | None, end: str | None, zone: ZoneInfo, now: datetime, length: timedelta
) -> tuple[datetime, datetime]:
    """``[--from, --to)``, by default of ``length`` and ending now.

    Raises UsageError.
    """
    first, last = time_of(start, zone, "--from"), time_of(end, zone, "--to") or now
    if first is None:
        return last - length, last
    _in_order(first, last, zone)
    return first, last


def _in_order(start: datetime, end: datetime, zone: ZoneInfo) -> None:
    if start > end:
        raise UsageError(
            f"{start.astimezone(zone).isoformat()} lies after --to,"
            f" {end.astimezone(zone).isoformat(timespec='seconds')}",
            where="--from",
            hint="The range goes from the earlier time to the later one",
        )
