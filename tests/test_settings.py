"""Settings: defaults of the contract, one clear line for what is wrong, and the README's table."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.errors import SettingError
from vcanalytics.model.outages import Outage
from vcanalytics.settings import (
    Settings,
    is_loopback,
    load_settings,
    mask_secrets,
    settings_table,
)

ROOT = Path(__file__).parents[1]
NOWHERE = Path("no-such-file.env")


def load(**environ: str) -> Settings:
    return load_settings(environ, NOWHERE)


def refused(**environ: str) -> str:
    with pytest.raises(SettingError) as caught:
        load(**environ)
    return str(caught.value)


def test_defaults_are_the_contracts() -> None:
    settings = load()
    assert settings.data_dir == Path("data")
    assert settings.source_url == ""
    assert (settings.source_timezone, settings.timezone) == ("UTC", "UTC")
    assert settings.week_start == "monday"
    assert settings.currency == "USD"
    assert settings.collectors == "embedded"
    assert (settings.address, settings.port) == ("127.0.0.1", 8501)
    assert (settings.public_url, settings.trusted_proxies) == ("", ())
    assert (settings.grace_minutes, settings.stuck_minutes, settings.abandoned_hours) == (10, 5, 24)
    assert settings.sample_prefixes == ("TEST_", "TXN_")
    assert (settings.idle_minutes, settings.session_days) == (720, 7)
    assert (settings.invitation_hours, settings.sign_in_tries) == (72, 5)
    assert settings.exact_rows == 5_000_000
    assert settings.captured_errors == (
        "name 'string' is not defined",
        "User with email*already exists",
    )
    assert (settings.demo_payments_per_minute, settings.outages) == (1, ())


def test_a_locale_is_one_whose_numbers_all_can_read() -> None:
    assert load().locale == "en"
    assert load(VC_LOCALE="en-IN").locale == "en_IN"
    assert "unknown" in refused(VC_LOCALE="klingon")
    assert "other digits" in refused(VC_LOCALE="ar_EG")


def test_values_are_read() -> None:
    settings = load(
        VC_DATA_DIR="/var/lib/vc",
        VC_SOURCE_URL="sqlite:////srv/vectorcraft.db",
        VC_SOURCE_TIMEZONE="Asia/Kolkata",
        VC_TIMEZONE="Europe/Berlin",
        VC_WEEK_START="Sunday",
        VC_CURRENCY="inr",
        VC_PORT="9000",
        VC_SAMPLE_PREFIXES="DEMO_, X_",
        VC_TRUSTED_PROXIES="10.1.2.3/8, ::1",
        VC_PUBLIC_URL="https://console.example/",
        VC_CAPTURED_ERRORS="card kept*|twice",
        VC_DEMO_PAYMENTS_PER_MINUTE="0.5",
        VC_DEMO_OUTAGES="paypal@2026-11-20T10:00/30m, mail@2026-11-20T10:00+05:30/2h",
    )
    assert settings.data_dir == Path("/var/lib/vc")
    assert settings.source_zone == ZoneInfo("Asia/Kolkata")
    assert settings.zone == ZoneInfo("Europe/Berlin")
    assert (settings.week_start, settings.currency, settings.port) == ("sunday", "INR", 9000)
    assert settings.sample_prefixes == ("DEMO_", "X_")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128")
    assert settings.public_url == "https://console.example"
    assert settings.captured_errors == ("card kept*", "twice")
    assert settings.demo_payments_per_minute == 0.5
    at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert settings.outages == (
        Outage("paypal", at, at + timedelta(minutes=30)),
        Outage("mail", at - timedelta(hours=5.5), at - timedelta(hours=3.5)),
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("VC_PORT", "99999", "a whole number from 1 to 65535"),
        ("VC_PORT", "eighty", "a whole number from 1 to 65535"),
        ("VC_PORT", "", "a whole number from 1 to 65535"),
        ("VC_TIMEZONE", "Mars/Olympus", "a name of the IANA zone database"),
        ("VC_TIMEZONE", "../etc/passwd", "a name of the IANA zone database"),
        ("VC_SOURCE_TIMEZONE", "IST+5:30", "a name of the IANA zone database"),
        ("VC_WEEK_START", "someday", "monday, tuesday"),
        ("VC_CURRENCY", "DOLLARS", "an ISO 4217 code"),
        ("VC_COLLECTORS", "sometimes", "embedded or external"),
        ("VC_GRACE_MINUTES", "0", "a whole number from 1"),
        ("VC_STUCK_MINUTES", "-5", "a whole number from 1"),
        ("VC_ABANDONED_HOURS", "1.5", "a whole number from 1"),
        ("VC_EXACT_ROWS", "0", "a whole number from 1"),
        ("VC_QUERY_BUDGET_S", "nan", "a number from 0.1 to 600"),
        ("VC_QUERY_BUDGET_S", "inf", "a number from 0.1 to 600"),
        ("VC_SOURCE_URL", "/srv/vectorcraft.db", "sqlite:////srv/vectorcraft.db"),
        ("VC_SOURCE_URL", "foo://host/shop", "an SQLAlchemy URL"),
        ("VC_SOURCE_URL", "sqlite://", "an SQLAlchemy URL"),
        ("VC_PUBLIC_URL", "console.example", "a URL with http or https"),
        ("VC_PUBLIC_URL", "https://shop.example/console", "not below a path"),
        ("VC_TRUSTED_PROXIES", "10.0.0.0/8, proxy", "addresses or networks"),
        ("VC_DATA_DIR", "", "a folder"),
        ("VC_KEEP_REQUESTS_DAYS", "0", "a whole number from 7 to 36500; empty for ever"),
        ("VC_KEEP_SYSTEM_DAYS", "-90", "a whole number from 7"),
        ("VC_KEEP_LOGS_DAYS", "6", "questions look back up to a week"),
        ("VC_KEEP_HEALTH_DAYS", "for ever", "a whole number from 7"),
        ("VC_KEEP_ACTIVITY_DAYS", "30.5", "a whole number from 7"),
        ("VC_DISK_BUDGET_GB", "0", "a number from 1 to 1000000; empty for all the disk has"),
        ("VC_DISK_BUDGET_GB", "-5", "a number from 1"),
        ("VC_DISK_BUDGET_GB", "nan", "a number from 1"),
        ("VC_DATA_DIR", "~nobody-of-that-name/x", "a folder"),
        ("VC_IDLE_MINUTES", "0", "a whole number from 1 to 43200"),
        ("VC_SESSION_DAYS", "91", "a whole number from 1 to 90"),
        ("VC_INVITATION_HOURS", "0", "a whole number from 1 to 720"),
        ("VC_SIGN_IN_TRIES", "0", "a whole number from 1 to 100"),
        ("VC_DEMO_PAYMENTS_PER_MINUTE", "-1", "a number from 0 to 600"),
        ("VC_DEMO_PAYMENTS_PER_MINUTE", "nan", "a number from 0 to 600"),
        ("VC_DEMO_OUTAGES", "paypal", "like paypal@2026-11-20T10:00/30m"),
        ("VC_DEMO_OUTAGES", "paypal@2026-11-20T10:00/8d", "parted by commas"),
    ],
)
def test_a_wrong_value_names_setting_value_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    line = refused(**{name: value})
    assert line.startswith(f"{name}: ")
    assert repr(value) in line
    assert allowed in line
    assert "\n" not in line


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert "it is no folder" in refused(VC_DATA_DIR=str(tmp_path / "data"))


@pytest.mark.parametrize("address", ["console.example", "127.0.0.1:8501", "300.1.1.1", ""])
def test_where_to_listen_is_an_address(address: str) -> None:
    assert refused(VC_ADDRESS=address).startswith("VC_ADDRESS: ")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "192.168.1.5"])
def test_any_address_may_be_listened_on(address: str) -> None:
    assert load(VC_ADDRESS=address).address == address


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.8.9.1", True), ("::1", True), ("localhost", True), ("::", False), ("10.0.0.1", False)],
)
def test_which_addresses_this_machine_alone_can_reach(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_samples_are_kept_for_ninety_days_and_all_else_for_ever() -> None:
    ninety = timedelta(days=90)
    assert load().keep == {"requests": ninety, "system": ninety}
    assert load().disk_budget_bytes is None
    told = load(VC_KEEP_REQUESTS_DAYS="", VC_KEEP_LOGS_DAYS="400", VC_DISK_BUDGET_GB="2.5")
    assert told.keep == {"system": ninety, "logs": timedelta(days=400)}
    assert told.disk_budget_bytes == 2_500_000_000


def test_a_payment_is_stuck_before_it_is_abandoned() -> None:
    line = refused(VC_STUCK_MINUTES="120", VC_ABANDONED_HOURS="2")
    assert line.startswith("VC_STUCK_MINUTES: 120 minutes")
    assert "VC_ABANDONED_HOURS" in line


@pytest.mark.parametrize(
    ("misspelt", "nearest"),
    [
        ("VC_TIMEZOEN", "VC_TIMEZONE"),
        ("VC_DATADIR", "VC_DATA_DIR"),
        ("VC_SOURCE", "VC_SOURCE_URL"),
        ("vc_port", "VC_PORT"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(
    misspelt: str, nearest: str, tmp_path: Path
) -> None:
    assert refused(**{misspelt: "1"}) == (
        f"{misspelt}: there is no such setting. The nearest is {nearest}"
    )
    env_file = tmp_path / ".env"
    env_file.write_text(f"{misspelt}=1\n")
    with pytest.raises(SettingError, match=rf"^{misspelt} \(in .*\.env\): .*{nearest}$"):
        load_settings({}, env_file)


def test_names_of_others_are_left_alone(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("DATABASE=x\nPORT=1\n")
    assert load_settings({"PORT": "2", "VCR_MODE": "x"}, env_file).port == 8501


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "# the shop in Pune\nVC_TIMEZONE=Asia/Kolkata\nexport VC_PORT='9001'\n"
        "VC_CAPTURED_ERRORS=name 'string' is not defined|kept ${HOME}\n"
    )
    settings = load_settings({"VC_PORT": "9002"}, env_file)
    assert (settings.timezone, settings.port) == ("Asia/Kolkata", 9002)
    assert settings.captured_errors == ("name 'string' is not defined", "kept ${HOME}")


def test_a_wrong_value_in_the_file_names_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("VC_PORT\n")
    with pytest.raises(SettingError, match=r"^VC_PORT \(in .*\.env\): '' is not allowed"):
        load_settings({}, env_file)
    env_file.write_bytes(b"VC_PORT=\xff\xfe\n")
    with pytest.raises(SettingError, match=r"\.env: the file cannot be read: it is not UTF-8"):
        load_settings({}, env_file)


@pytest.mark.parametrize(
    "url",
    [
        "foo://shop:hunter2@db/x",
        "foo://shop:hun@ter2/x@db/x",
        "postgresql://shop:hunter2@db:port/x",
        "foo://db/x?password=hunter2&ssl=1",
        "foo://db/x?sslmode=require&api_key=hunter2",
    ],
)
def test_no_secret_of_a_url_is_shown(url: str) -> None:
    line = refused(VC_SOURCE_URL=url)
    assert "hunter2" not in line
    assert "ter2" not in line
    assert "***" in line


def test_settings_do_not_show_the_source() -> None:
    assert "hunter2" not in repr(load(VC_SOURCE_URL="postgresql://shop:hunter2@db/x"))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="@"), min_size=4))
def test_masking_leaves_no_password(password: str) -> None:
    secret = f"{password}-s3cr3t"
    assert "s3cr3t" not in mask_secrets(f"postgresql://shop:{secret}@db/x")


@given(st.dictionaries(st.sampled_from([row.name for row in settings_table()]), st.text()))
def test_any_value_is_taken_or_refused_in_one_line(environ: dict[str, str]) -> None:
    try:
        settings = load_settings(environ, NOWHERE)
    except SettingError as error:
        line = str(error)
        assert line.startswith("VC_")
        assert len(line.splitlines()) == 1
    else:
        assert isinstance(settings, Settings)


def test_what_a_default_is_written_as_is_read_as_that_default() -> None:
    assert load(**{row.name: row.default for row in settings_table()}) == load()


def test_the_readme_has_every_setting_as_the_code_has_it() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    written = re.findall(r"^\| `(VC_[A-Z_]+)` \| (.*?) \| (.*) \| (.*) \|$", readme, re.MULTILINE)
    expected = [
        (
            row.name,
            "`" + row.default.replace("|", r"\|") + "`" if row.default else "",
            row.meaning,
            row.allowed,
        )
        for row in settings_table()
    ]
    assert written == expected


def test_the_example_file_is_a_valid_one(tmp_path: Path) -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    env_file = tmp_path / ".env"
    env_file.write_text("\n".join(line.removeprefix("#") for line in lines if "VC_" in line))
    settings = load_settings({}, env_file)
    assert settings.timezone == "Asia/Kolkata"


def _run(tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vcanalytics.settings"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_run_is_told_where_to_listen(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("VC_PORT=9003\n")
    done = _run(tmp_path, VC_ADDRESS="localhost")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "--server.address localhost --server.port 9003\n"


def test_make_run_stops_at_a_wrong_setting_in_one_line(tmp_path: Path) -> None:
    done = _run(tmp_path, VC_ADDRESS="nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("VC_ADDRESS: 'nowhere' is not allowed")
    assert len(done.stderr.splitlines()) == 1
