"""Probes: what the file may say, what servers answer, and how often they are asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.health.servers import Mail, Silent, Trickling, Web, serving
from vcanalytics.breakers import State, find, reset
from vcanalytics.errors import SettingError
from vcanalytics.health.asking import Unwell, ask
from vcanalytics.health.prober import Prober
from vcanalytics.health.probes import HttpProbe, Probe, SmtpProbe, TcpProbe, probes
from vcanalytics.journal import Journal
from vcanalytics.model.health import Status
from vcanalytics.rules_file import RulesFile

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SHOP = TcpProbe(kind="tcp", host="127.0.0.1", port=9)


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with serving(Web) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path)) as journal:
        yield journal


def read(tmp_path: Path, text: str) -> dict[str, Probe]:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    return dict(probes(RulesFile.read(path)))


def refusal(probe: Probe) -> tuple[str, float]:
    """What is wrong, and the seconds it took to find out."""
    began = time.monotonic()
    with pytest.raises(Unwell) as caught:
        ask(probe)
    return caught.value.what, time.monotonic() - began


def http(url: str, **more: object) -> HttpProbe:
    return HttpProbe.model_validate({"kind": "http", "url": url, "timeout_s": 2, **more})


def smtp(port: int, timeout_s: float = 2) -> SmtpProbe:
    return SmtpProbe(kind="smtp", host="127.0.0.1", port=port, timeout_s=timeout_s)


def test_a_file_names_probes_of_three_kinds(tmp_path: Path) -> None:
    text = """
[probes.shop]
kind = "http"
url = "https://shop.example/up"
word = "ok"
[probes.database]
kind = "tcp"
host = "10.0.0.5"
port = 5432
[probes.mail]
kind = "smtp"
host = "mail.example"
tls = "starttls"
"""
    found = read(tmp_path, text)
    assert list(found) == ["shop", "database", "mail"]
    assert found["mail"] == SmtpProbe(kind="smtp", host="mail.example", port=25, tls="starttls")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('url = "https://shop.example"', "rules.toml:1: kind is missing. Allowed: http, tcp, smtp"),
        ('kind = "ping"', "rules.toml:2: there is no such kind of probe. Allowed: http, tcp, smtp"),
        ('kind = "http"\nurl = "file:///etc/passwd"', "rules.toml:3: url: it is no address"),
        ('kind = "tcp"\nhost = "a b"\nport = 1', "rules.toml:3: host"),
        ('kind = "tcp"\nhost = "a"\nport = 0', "rules.toml:4: port"),
        ('kind = "tcp"\nhost = "a"\nport = 1\nevry_s = 5', "rules.toml:5: there is no such key"),
        ('kind = "tcp"\nhost = "a"\nport = 1\ntimeout_s = 60', "rules.toml:5: timeout_s"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(tmp_path, f"[probes.shop]\n{body}\n")
    assert words in str(caught.value)


def test_so_many_probes_and_no_more(tmp_path: Path) -> None:
    some = [f'[probes.p{n}]\nkind = "tcp"\nhost = "a"\nport = 1\n' for n in range(21)]
    with pytest.raises(SettingError, match="more than 20 probes"):
        read(tmp_path, "".join(some))


def test_a_server_that_is_well(web: str) -> None:
    assert ask(http(web)).startswith("it answers 200 in ")
    assert ask(http(f"{web}/moved", status=302)).startswith("it answers 302 in ")
    assert ask(http(web, word="is well")).startswith("it answers 200 in ")
    port = int(web.rpartition(":")[2])
    assert ask(TcpProbe(kind="tcp", host="127.0.0.1", port=port)).startswith("it takes connections")
    with serving(Mail) as port:
        assert ask(smtp(port)).startswith("it greets in ")


def test_a_redirect_is_not_followed_and_a_missing_word_is_missed(web: str) -> None:
    assert refusal(http(f"{web}/moved"))[0] == "it answers 302, not 200"
    assert "does not hold the word" in refusal(http(web, word="is ill"))[0]


def test_endless_trickling_and_silent_answers_cost_a_bounded_time(web: str) -> None:
    assert "does not hold the word" in refusal(http(f"{web}/endless", word="y", timeout_s=5))[0]
    late = [refusal(http(f"{web}/slow", timeout_s=0.5))]
    for handler in (Silent, Trickling):
        with serving(handler) as port:
            late.append(refusal(smtp(port, 0.5)))
    for what, took_s in late:
        assert what == "no answer within 0.5 s"
        assert took_s < 3


def test_nobody_there_is_said_in_words() -> None:
    with serving(Silent) as port:
        pass
    for probe in (smtp(port), http(f"http://127.0.0.1:{port}"), SHOP):
        assert refusal(probe)[0]


class Asked:
    """Stands in for the network: counts, and fails while told to."""

    def __init__(self) -> None:
        self.count = 0
        self.fails = False

    def __call__(self, _probe: Probe) -> str:
        self.count += 1
        if self.fails:
            raise Unwell("refused")
        return "it answers"


def rounds(prober: Prober, first_s: int, last_s: int) -> None:
    for second in range(first_s, last_s + 1, 30):
        prober.ask_due(NOW + timedelta(seconds=second))


def test_a_probe_is_asked_as_often_as_it_says_and_oftener_while_it_fails(journal: Journal) -> None:
    asked = Asked()
    prober = Prober(journal, asked)
    prober.follow({"shop": SHOP})
    assert (prober.unasked, prober.verdicts()) == (["probe:shop"], [])
    rounds(prober, 0, 240)
    assert asked.count == 5
    asked.fails = True
    rounds(prober, 270, 300)
    (verdict,) = prober.verdicts()
    assert (verdict.status, verdict.what) == (Status.CRITICAL, "refused")
    rounds(prober, 330, 360)
    with journal.read() as connection:
        state = find(connection, "probe:shop")
    assert state is not None
    assert (state.state, state.failures) == (State.OPEN, 3)
    assert asked.count == 8
    asked.fails = False
    rounds(prober, 390, 420)
    assert prober.verdicts()[0].status is Status.HEALTHY


def test_a_breaker_that_was_open_keeps_a_probe_critical_over_a_restart(journal: Journal) -> None:
    asked = Asked()
    asked.fails = True
    first = Prober(journal, asked)
    first.follow({"shop": SHOP})
    rounds(first, 0, 60)
    again = Prober(journal, asked)
    again.follow({"shop": SHOP})
    rounds(again, 70, 70)
    assert asked.count == 3
    assert again.verdicts()[0].status is Status.CRITICAL
    asked.fails = False
    with journal.write() as connection:
        reset(connection, "probe:shop", "ada", now=NOW + timedelta(seconds=71))
    rounds(again, 75, 75)
    assert again.verdicts()[0].status is Status.HEALTHY


def test_a_probe_that_the_file_names_no_more_takes_its_breaker_along(journal: Journal) -> None:
    asked = Asked()
    asked.fails = True
    prober = Prober(journal, asked)
    prober.follow({"shop": SHOP})
    rounds(prober, 0, 0)
    prober.follow({})
    with journal.read() as connection:
        assert find(connection, "probe:shop") is None
    assert prober.verdicts() == []
