"""Rules: what can be said in the file, what is refused with its line, and what they judge."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vcanalytics.alerts.asking import QUESTIONS
from vcanalytics.alerts.backtest import step_of
from vcanalytics.alerts.judging import Limits, Reading, Verdict, limits, sentence, verdict
from vcanalytics.alerts.measures import MEASURES
from vcanalytics.alerts.quantities import length, quantity, written
from vcanalytics.alerts.rules import Rule, read_rules
from vcanalytics.errors import SettingError, UsageError
from vcanalytics.rules_file import Followed, RulesFile

DOCS = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
WHOLE = (
    '[rules.mine]\ntitle = "Mine"\nmeasure = "response_p95"\nseverity = "info"\nabove = "9 ms"\n'
)


def read(tmp_path: Path, text: str) -> dict[str, Rule]:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return dict(read_rules(RulesFile.read(path)).by_name)


def rule(**said: Any) -> Rule:
    given = {"title": "t", "measure": "failure_share", "severity": "critical", **said}
    return Rule.model_validate(given)


def test_the_built_in_rules_hold_and_every_measure_has_its_question() -> None:
    rules = read_rules(RulesFile.read()).by_name
    assert {"failure_rate", "takings_down", "stream_late", "backup_old"} <= rules.keys()
    assert QUESTIONS.keys() == MEASURES.keys()
    assert all(one.runbook and one.group for one in rules.values())


def test_a_file_of_two_lines_changes_a_limit(tmp_path: Path) -> None:
    rules = read(tmp_path, '[rules.cpu]\nabove = "95 %"\n[rules.memory]\nenabled = false\n')
    built_in = read_rules(RulesFile.read()).by_name
    assert rules.keys() == built_in.keys()
    assert (rules["cpu"].limit, rules["cpu"].clear_at) == (95.0, 95.0)
    assert rules["cpu"].runbook == built_in["cpu"].runbook
    assert not rules["memory"].enabled


def test_a_rule_of_ones_own_needs_to_be_whole(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE)["mine"].span == timedelta(minutes=5)
    with pytest.raises(SettingError, match=r"rules.toml:1: title is missing"):
        read(tmp_path, '[rules.mine]\nmeasure = "cpu"\n')


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('measure = "p59"', "measure: there is no 'p59'"),
        ('measure = "response_p59"', "; the nearest is response_p95"),
        ('above = "9 s"', "above: response_p95 is measured in 'ms', not in 's'"),
        ('above = "nine ms"', "above: 'nine ms' is no number with its unit"),
        ("above = 9", "above: write it with its unit"),
        ('above = "-1 ms"', "above: it is never below 0"),
        ('at_least = "9 ms"', "give one of above, at_least, below, at_most"),
        ('clear = "12 ms"', "clear: it would be over at 12 ms, where it is still too much"),
        ('clear = "8 %"', "clear: response_p95 is measured in 'ms', not in '%'"),
        ('window = "30 s"', "window: it may be from 1 min to 24 h"),
        ('window = "90 s"', "window: it may be from 1 min to 24 h, in whole minutes"),
        ('window = "5 minutes"', "'5 minutes' is no length of time in s, min, h or d"),
        ('for = "31 d"', "'31 d' lies outside of 0 s to 30 d"),
        ("min_events = 3", "min_events: response_p95 counts nothing beside its value"),
        ("chance_below = 0.1", "chance_below: of response_p95 no chance can be told"),
        ("chance_below = 0", "chance_below: input should be greater than 0"),
        ('no_data = "what"', "no_data: string should match pattern"),
        ('severity = "bad"', "severity: input should be 'critical', 'warning' or 'info'"),
        ('page = "https://elsewhere"', "page: string should match pattern"),
        ("treshold = 1", "there is no such key as 'treshold'"),
        ('min_volume = "5"', "min_volume: input should be a valid integer"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, key: str, said: str) -> None:
    name = key.partition(" ")[0]
    text = re.sub(rf"^{name} = .*\n", "", WHOLE, flags=re.MULTILINE) + f"{key}\n"
    with pytest.raises(SettingError) as caught:
        read(tmp_path, text)
    where, _, reason = str(caught.value).partition(": ")
    assert re.fullmatch(r".*rules\.toml:[1-6]", where)
    assert said in reason


@pytest.mark.parametrize(
    ("measure", "key", "said"),
    [
        ("cpu", "times_usual", "times_usual: cpu has nothing it is usually"),
        ("disk_full_in", "min_volume", "min_volume: disk_full_in counts nothing"),
        ("backup_age", "series", "series: backup_age has one series alone"),
        ("stream_lag", "window", "window: stream_lag has none"),
        ("cpu", "above", "above: 130 % is no share"),
        ("response_errors", "narrower", "narrower: response_errors has one window alone"),
        ("failure_share", "narrower", "narrower: whole minutes, and less than the window"),
    ],
)
def test_a_measure_is_asked_for_what_it_can_tell(measure: str, key: str, said: str) -> None:
    unit = MEASURES[measure].unit
    values = {"series": ["x"], "window": "5 min", "above": "130 %", "narrower": ["5 min"]}
    value = values.get(key, 2)
    given = {"measure": measure, "above": f"50 {unit}", key: value}
    with pytest.raises(ValueError, match=re.escape(said)):
        rule(**given)


def test_an_invalid_file_leaves_the_rules_there_were(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[rules.cpu]\nabove = "95 %"\n')
    followed = Followed(path, read_rules)
    path.write_text('[rules.cpu]\nabove = "95 percent"\n')
    assert not followed.look()
    assert followed.value.by_name["cpu"].limit == 95.0
    assert followed.problem == f"{path}:2: above: cpu is measured in '%', not in 'percent'"


def test_amounts_and_lengths_are_read_as_people_write_them() -> None:
    assert quantity(" 12.5 ms ") == (12.5, "ms")
    assert quantity("3") == (3.0, "")
    assert length("1.5 h") == timedelta(minutes=90)
    assert written(1234.0, "ms") == "1,234 ms"
    assert written(13.66906, "%") == "13.7 %"
    assert written(0.5, "ms") == "0.5 ms"


def test_what_is_usual_raises_the_limit_and_where_it_is_over() -> None:
    slow = rule(measure="response_p95", above="200 ms", clear="150 ms", times_usual=2)
    assert limits(slow, Reading("a", 1.0, usual=50.0)) == Limits(200.0, 150.0)
    assert limits(slow, Reading("a", 1.0, usual=3_000.0)) == Limits(6_000.0, 4_500.0)
    assert verdict(slow, Reading("a", 5_999.0, usual=3_000.0)) is Verdict.BETWEEN
    assert verdict(slow, Reading("a", 6_001.0, usual=3_000.0)) is Verdict.BREACH
    assert verdict(slow, Reading("a", 4_500.0, usual=3_000.0)) is Verdict.CLEAR
    assert verdict(slow, Reading("a", 201.0, usual=None)) is Verdict.BREACH


def test_the_failure_rate_asks_for_share_number_and_chance() -> None:
    found = read_rules(RulesFile.read()).by_name["failure_rate"]

    def of(events: int, volume: int, usual: float | None = 14.0) -> Verdict:
        share = events / volume * 100
        return verdict(found, Reading("", share, volume, events, usual))

    assert of(3, 4) is Verdict.MISSING  # too few payments
    assert of(2, 6, None) is Verdict.BETWEEN  # too few failures
    assert of(3, 6, None) is Verdict.BREACH  # nothing is usual yet
    assert of(3, 6) is Verdict.BETWEEN  # comes about several times a day
    assert of(8, 8) is Verdict.BREACH
    assert of(20, 40) is Verdict.BREACH
    assert of(17, 40) is Verdict.BETWEEN
    assert of(5, 40) is Verdict.CLEAR


def test_takings_need_enough_of_yesterday() -> None:
    found = read_rules(RulesFile.read()).by_name["takings_down"]
    assert verdict(found, Reading("", 60.0, 20, 8)) is Verdict.MISSING
    assert verdict(found, Reading("", 55.0, 40, 20)) is Verdict.BETWEEN  # may be chance
    assert verdict(found, Reading("", 90.0, 40, 4)) is Verdict.BREACH


def test_less_may_be_worse() -> None:
    found = rule(measure="disk_full_in", below="7 d", clear="10 d")
    assert [verdict(found, Reading("a", days)) for days in (3.0, 8.0, 10.0)] == [
        Verdict.BREACH,
        Verdict.BETWEEN,
        Verdict.CLEAR,
    ]


def test_series_are_picked_and_left_out_by_patterns() -> None:
    found = rule(
        measure="component_critical", at_least="1 s", series=["p*"], **{"except": ["probe:x*"]}
    )
    assert [found.watches(one) for one in ("probe:a", "probe:xy", "store")] == [True, False, False]


def test_the_figures_are_said_in_words() -> None:
    found = rule(at_least="10 %", min_events=3)
    said = sentence(found, Reading("", 62.5, 16, 10, 13.72))
    assert said == ("62.5 %, the limit is 10 %; 10 failed of 16 payments; usually 13.7 %")


def test_the_docs_name_every_measure_and_key() -> None:
    for measure in MEASURES.values():
        assert f"`{measure.name}`" in DOCS, measure.name
    for name, field in Rule.model_fields.items():
        assert f"`{field.alias or name}`" in DOCS, name


def test_a_replay_is_as_fine_as_windows_and_what_is_usual_allow() -> None:
    odd = rule(above="10 %", window="11 min")
    assert step_of(odd, timedelta(days=30)) == timedelta(minutes=1)
    # Of eleven minutes only one divides a week, and so many edges are too many.
    with pytest.raises(UsageError, match="cannot be replayed"):
        step_of(odd, timedelta(days=40))
