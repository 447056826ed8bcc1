"""The file of rules and channels: what is wrong is said with its line; it holds no secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from vcanalytics.errors import SettingError
from vcanalytics.rules_file import BUILT_IN, BYTES_MAX, Followed, RulesFile
from vcanalytics.rules_sound import must_be_sound
from vcanalytics.settings import Settings


class Channel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    token: SecretStr = SecretStr("")
    retries: int = Field(3, ge=0)

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if not url.startswith("https:"):
            raise ValueError("it must begin with https:")
        return url


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rules.toml"


def read(path: Path, text: str) -> RulesFile:
    path.write_text(text, encoding="utf-8")
    return RulesFile.read(path)


def refused(path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingError) as caught:
        read(path, text).checked(Channel, "channels", "team", environ=environ or {})
    return str(caught.value).replace(str(path), "rules.toml")


def test_a_table_is_read_as_its_owner_has_it(path: Path) -> None:
    file = read(path, '[channels.team]\nurl = "https://a.example/"\ntoken = "env:TEAM"\n')
    assert list(file.named("channels")) == ["team"]
    found = file.checked(Channel, "channels", "team", environ={"TEAM": "s3cret"})
    assert (found.url, found.token.get_secret_value(), found.retries) == (
        "https://a.example/",
        "s3cret",
        3,
    )
    assert "s3cret" not in repr(file.tables)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '# a\n\n[channels.team]\nurl = "https://a"\nretrys = 1\n',
            "rules.toml:5: there is no such key as 'retrys'. The nearest is retries",
        ),
        ("[channels.team]\nretries = 1\n", "rules.toml:1: url is missing"),
        (
            '[channels.team]\nurl = """\nhttp:\n"""\n',
            "rules.toml:2: url: it must begin with https:",
        ),
        (
            '[channels.other]\nx = [\n  1,\n]\n[channels.team]\nurl = "https:"\nretries = -1',
            "rules.toml:7: retries: input should be greater than or equal to 0",
        ),
        (
            'channels.team.url = "https:"\nchannels.team."retr=ies" = 1',
            "rules.toml:2: there is no such key as 'retr=ies'. The nearest is retries",
        ),
        (
            '[channels.team]\nurl = "https:"\ntoken = "env:NOT_THERE"\n',
            "rules.toml:3: the environment has no NOT_THERE. Set NOT_THERE, then start anew",
        ),
        ("[channel.a]\n", "rules.toml:1: there is no such table as 'channel'. The nearest is"),
        ("[rules]\na = 1\n[probes\n", "rules.toml:3: it is no TOML: "),
        ("channels = 1\n", "rules.toml:1: channels is no table. Write [channels.NAME]"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(path: Path, text: str, said: str) -> None:
    assert refused(path, text).startswith(said)


def test_a_secret_is_not_repeated(path: Path) -> None:
    text = '[channels.team]\nurl = "env:URL"\n'
    assert "hidden" not in refused(path, text, {"URL": "ftp://hidden"})


def test_a_file_that_is_none_is_said_in_one_line(path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        RulesFile.read(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="it is not UTF-8 text"):
        RulesFile.read(path)
    path.write_text("#" * (BYTES_MAX + 1))
    with pytest.raises(SettingError, match="it has more than 1,000,000 bytes"):
        RulesFile.read(path)


def test_names_are_plain(path: Path) -> None:
    with pytest.raises(SettingError, match="'a b' is no name"):
        list(read(path, '[probes."a b"]\n').named("probes"))


def test_entries_of_arrays_have_lines_of_their_own(path: Path) -> None:
    file = read(path, "[[routes.rule]]\na = 1\n[[routes.rule]]\na = 2\n[routes.rule.x]\nb = 1\n")
    assert file.lines["routes", "rule", 1, "a"] == 4
    assert file.lines["routes", "rule", 1, "x", "b"] == 6


def test_a_file_that_went_wrong_leaves_what_there_was(path: Path) -> None:
    path.write_text('[channels.team]\nurl = "https://one"\n')
    followed = Followed(path, lambda file: file.checked(Channel, "channels", "team", environ={}))
    assert not followed.look()
    path.write_text('[channels.team]\nurl = "http://another"\n')
    assert not followed.look()
    assert followed.value.url == "https://one"
    assert followed.problem == f"{path}:2: url: it must begin with https:"
    path.unlink()
    assert not followed.look()
    assert "cannot be read" in (followed.problem or "")
    path.write_text('[channels.team]\nurl = "https://yet-another"\n')
    assert followed.look()
    assert followed.value.url == "https://yet-another"
    assert not followed.problem


def test_nothing_begins_with_a_wrong_file(path: Path) -> None:
    path.write_text("[channels.team]\n")
    with pytest.raises(SettingError, match="url is missing"):
        Followed(path, lambda file: file.checked(Channel, "channels", "team", environ={}))


def test_without_a_file_the_built_in_rules_hold() -> None:
    assert RulesFile.read().built_in
    assert RulesFile.read().path == BUILT_IN
    assert RulesFile.read().table("channels") == {}


def test_a_wrong_file_stops_the_start_with_one_line(path: Path) -> None:
    path.write_text('[rules.cpu]\nabove = "95 ms"\n')
    environ = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "PATH": "",
        "VC_DATA_DIR": str(path.parent / "data"),
        "VC_SOURCE_URL": "sqlite:////shop.db",
        "VC_RULES_FILE": str(path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "collectors"],
        cwd=path.parent,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    said = f"collectors: {path}:2: above: cpu is measured in '%', not in 'ms'\n"
    assert done.stderr == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[probes.shop]\nurl = 3\n", ""),
        ('[channels.team]\ntype = "pigeon"\n', "type"),
        ("[rules.cpu]\nabov = 3\n", "there is no such key as 'abov'"),
    ],
)
def test_every_part_of_the_file_is_looked_at_before_anything_starts(
    path: Path, text: str, said: str
) -> None:
    path.write_text(text)
    with pytest.raises(SettingError) as caught:
        must_be_sound(Settings(rules_file=path))
    assert str(caught.value).startswith(f"{path}:")
    assert said in str(caught.value)
