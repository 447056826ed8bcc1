"""``alerts``: what is firing, which rules hold, and when one would have fired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
import polars as pl
from sqlalchemy import Connection

from vcanalytics.alerts.backtest import DAYS_MAX, Replay, replay
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.quantities import length_written, written
from vcanalytics.alerts.rules import Rule, Rules, read_rules
from vcanalytics.commands import options
from vcanalytics.commands.asking import Call, asking, begin
from vcanalytics.commands.output import Answer, Kind
from vcanalytics.errors import UsageError
from vcanalytics.journal import FILE_NAME, Journal, alerts
from vcanalytics.journal.alert_records import AlertFilters, AlertState
from vcanalytics.model.streams import STREAMS
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import Settings
from vcanalytics.store.catalogue import FILE_NAME as CATALOGUE

COLUMNS: Final = {
    "alert": Kind.COUNT,
    "rule": Kind.TEXT,
    "series": Kind.TEXT,
    "severity": Kind.TEXT,
    "title": Kind.TEXT,
    "state": Kind.TEXT,
    "fired_at": Kind.TIME,
    "resolved_at": Kind.TIME,
    "what": Kind.TEXT,
    "acknowledged_by": Kind.TEXT,
}
RULE_COLUMNS: Final = {
    "rule": Kind.TEXT,
    "enabled": Kind.FLAG,
    "severity": Kind.TEXT,
    "measure": Kind.TEXT,
    "limit": Kind.TEXT,
    "clear": Kind.TEXT,
    "window": Kind.TEXT,
    "for": Kind.TEXT,
    "clear_for": Kind.TEXT,
    "no_data": Kind.TEXT,
    "title": Kind.TEXT,
}
EPISODE_COLUMNS: Final = {
    "series": Kind.TEXT,
    "began_at": Kind.TIME,
    "fired_at": Kind.TIME,
    "resolved_at": Kind.TIME,
    "peak": Kind.REAL,
    "limit": Kind.REAL,
    "unit": Kind.TEXT,
}
_KINDS: Final = {
    Kind.COUNT: pl.Int64(),
    Kind.TIME: pl.Datetime("us", "UTC"),
    Kind.FLAG: pl.Boolean(),
    Kind.REAL: pl.Float64(),
}
_LIMIT: Final = 1_000
_FILE: Final = click.option(
    "--rules-file",
    type=click.Path(path_type=Path),
    help="Rules to try before they are used. [default: VC_RULES_FILE]",
)


@click.group("alerts", invoke_without_command=True, no_args_is_help=False)
@options.output
@click.option("--days", type=click.IntRange(1, 400), help="Those of so many days as well.")
@click.pass_context
def command(ctx: click.Context, *, zone: str | None, form: str, days: int | None) -> None:
    """What is firing, which rules hold, and when one would have fired.

    Alone it lists what is firing now, the worst first; `alerts rules` says which rules
    hold, `alerts test RULE` when one would have fired.
    """
    if ctx.invoked_subcommand is not None:
        return
    call = begin(zone, form)
    found = []
    if (_store_dir(call.settings) / FILE_NAME).exists():
        with _journal(call.settings) as connection:
            found = alerts.firing(connection, limit=_LIMIT)
            if days is not None:
                wanted = AlertFilters(
                    states=(AlertState.RESOLVED,), start=call.now - timedelta(days=days)
                )
                found += alerts.history(connection, wanted, limit=_LIMIT)
    rows = [
        (
            one.number,
            one.rule,
            one.series,
            one.severity.value,
            one.title,
            one.state.value,
            one.fired_at,
            one.resolved_at,
            one.detail.get("what", ""),
            one.acknowledged_by,
        )
        for one in found
    ]
    foot = () if rows else ("Nothing is firing.",)
    call.write(
        Answer(pl.DataFrame(rows, schema=_schema(COLUMNS), orient="row"), COLUMNS, foot=foot)
    )


@command.command("rules")
@options.output
@_FILE
def _rules(*, zone: str | None, form: str, rules_file: Path | None) -> None:
    """The rules that hold, those switched off too."""
    call = begin(zone, form)
    rows = [
        (
            name,
            rule.enabled,
            rule.severity.value,
            rule.measure,
            limit_written(rule),
            written(rule.clear_at, rule.of.unit),
            length_written(rule.span) if rule.span else None,
            length_written(rule.hold),
            length_written(rule.clear_for),
            rule.no_data,
            rule.title,
        )
        for name, rule in _read(call, rules_file).by_name.items()
    ]
    frame = pl.DataFrame(rows, schema=_schema(RULE_COLUMNS), orient="row")
    call.write(Answer(frame, RULE_COLUMNS))


@command.command("test")
@click.argument("name", metavar="RULE", type=options.TEXT)
@options.output
@click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), default=30, show_default=True, help="How far back."
)
@_FILE
def _test(*, name: str, zone: str | None, form: str, days: int, rules_file: Path | None) -> None:
    """When RULE would have fired in the last days: from when to when, and how bad it was.

    By what the store has of these days now. It is judged in steps of a minute or more.
    """
    call = begin(zone, form)
    rule = _rule(_read(call, rules_file), name)
    with ExitStack() as stack:
        engine, snapshot = stack.enter_context(asking(call.settings, tuple(STREAMS)))
        moment = Moment(
            engine, snapshot, call.now, Told.of(call.settings), lambda: _journal(call.settings)
        )
        found = replay(moment, rule, call.now - timedelta(days=days), call.now)
    call.write(Answer(episodes(found, rule), EPISODE_COLUMNS, foot=_summary(found, name, days)))


def limit_written(rule: Rule) -> str:
    """The rule's limit in words, like ``above 200 ms``."""
    return f"{rule.given.replace('_', ' ')} {getattr(rule, rule.given)}"


def episodes(found: Replay, rule: Rule) -> pl.DataFrame:
    """A row each time it would have fired: ``EPISODE_COLUMNS``, in the measure's ``unit``."""
    rows = [
        (one.series, one.began_at, one.fired_at, one.resolved_at, one.peak, one.limit, rule.of.unit)
        for one in found.episodes
    ]
    return pl.DataFrame(rows, schema=_schema(EPISODE_COLUMNS), orient="row")


def _summary(found: Replay, name: str, days: int) -> tuple[str, ...]:
    count = len(found.episodes) + found.more
    times = "never" if not count else "once" if count == 1 else f"{count:,} times"
    step = length_written(found.step)
    return (f"{name} would have fired {times} in {days} days, judged every {step}.",)


def _read(call: Call, rules_file: Path | None) -> Rules:
    return read_rules(RulesFile.read(rules_file or call.settings.rules_file))


def _rule(rules: Rules, name: str) -> Rule:
    rule = rules.by_name.get(name)
    if rule is None:
        raise UsageError(
            f"there is no rule {name!r}", where="RULE", hint="See `alerts rules` for their names"
        )
    return rule


@contextmanager
def _journal(settings: Settings) -> Iterator[Connection]:
    journal = Journal.open(_store_dir(settings), create=False)
    try:
        with journal.read() as connection:
            yield connection
    finally:
        journal.close()


def _store_dir(settings: Settings) -> Path:
    """As for every other command: a real store goes before the demo's."""
    real = settings.data_dir
    return real if (real / CATALOGUE).exists() else settings.store_dir


def _schema(columns: dict[str, Kind]) -> dict[str, pl.DataType]:
    return {name: _KINDS.get(kind, pl.String()) for name, kind in columns.items()}
