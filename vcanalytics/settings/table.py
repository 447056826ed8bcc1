"""The table of settings: a field each, with its default, limits and meaning."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from vcanalytics.errors import SettingError
from vcanalytics.model.outages import Outage, read_outage
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.model.windows import WEEKDAYS
from vcanalytics.settings import checks
from vcanalytics.settings.checks import Allowed

#: What the two failures after a capture leave in the row (see docs/source.md, trap 9).
CAPTURED_ERRORS: Final = (
    "name 'string' is not defined",
    "User with email*already exists",
)

_ZONE: Final = Allowed("a name of the IANA zone database, like Asia/Kolkata")
_Zone = Annotated[str, AfterValidator(checks.zone), _ZONE]
_List = Annotated[tuple[str, ...], BeforeValidator(partial(checks.listed, ","))]
_Days = Annotated[
    int | None,
    BeforeValidator(checks.none_if_empty),
    AfterValidator(checks.days_kept),
    Allowed("a whole number from 7 to 36500; empty for ever"),
]


class Settings(BaseSettings):
    """What the console was told, checked. Make it with ``load_settings``."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    data_dir: Annotated[
        Path,
        BeforeValidator(checks.filled),
        AfterValidator(checks.folder),
        Allowed("a folder; it is made if it is missing"),
    ] = Field(Path("data"), description="Everything the console writes")
    source_url: Annotated[
        str,
        AfterValidator(checks.source_url),
        Allowed("an SQLAlchemy URL, like sqlite:////srv/vectorcraft.db; empty for none"),
    ] = Field("", description="VectorCraft's database, opened read-only", repr=False)
    source_timezone: _Zone = Field(
        "UTC", description="Zone of the source's naive local columns: that of VectorCraft's host"
    )
    timezone: _Zone = Field(
        "UTC", description='The operator\'s zone: what "today" means until a viewer picks another'
    )
    week_start: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        BeforeValidator(checks.lower),
        Allowed(", ".join(WEEKDAYS)),
    ] = Field("monday", description="First day of a week")
    currency: Annotated[
        str, AfterValidator(checks.currency), Allowed("an ISO 4217 code, like EUR")
    ] = Field("USD", description="Currency of headline figures")
    locale: Annotated[
        str, AfterValidator(checks.locale), Allowed("a locale with the digits 0 to 9, like en_IN")
    ] = Field("en", description="How numbers and money are written; words are English")
    collectors: Annotated[
        Literal["embedded", "external"],
        BeforeValidator(checks.lower),
        Allowed("embedded or external"),
    ] = Field(
        "embedded",
        description="`embedded`: the console starts and minds them; "
        "`external`: they run on their own",
    )
    watchman: Annotated[
        Literal["on", "off"], BeforeValidator(checks.lower), Allowed("on or off")
    ] = Field(
        "on", description="Whether the collectors keep a watchman: health, alerts, notifications"
    )
    port: int = Field(8501, ge=1, le=65_535, description="Port `make run` listens on")
    address: Annotated[
        str,
        BeforeValidator(checks.filled),
        AfterValidator(checks.address),
        Allowed("an IP address of this machine, 0.0.0.0 or :: for all, or localhost"),
    ] = Field("127.0.0.1", description="Address `make run` listens on")
    public_url: Annotated[
        str,
        AfterValidator(checks.public_url),
        Allowed("a URL with http or https and a host; empty for none"),
    ] = Field("", description="The address users see; https there makes cookies Secure")
    trusted_proxies: Annotated[
        _List,
        AfterValidator(checks.networks),
        Allowed("addresses or networks, parted by commas; empty for none"),
    ] = Field((), description="Proxies whose forwarding headers count")
    idle_minutes: int = Field(
        720, ge=1, le=43_200, description="A session that stands idle so long has ended"
    )
    session_days: int = Field(7, ge=1, le=90, description="A session ends after so many days")
    invitation_hours: int = Field(
        72, ge=1, le=720, description="Hours in which an invitation may be taken up"
    )
    sign_in_tries: int = Field(
        5,
        ge=1,
        le=100,
        description="Wrong passwords before an account must wait; "
        "an address has four times as many",
    )
    sockets_per_user: int = Field(
        100,
        ge=2,
        le=1_000,
        description="Sockets that a user or a token may have open; a page takes two",
    )
    grace_minutes: int = Field(
        10, ge=1, le=525_600, description="A paid order without mail or account is a finding after"
    )
    stuck_minutes: int = Field(
        5, ge=1, le=525_600, description="An open payment counts as stuck after"
    )
    abandoned_hours: int = Field(
        24, ge=1, le=87_600, description="An open payment counts as abandoned after"
    )
    sample_prefixes: Annotated[
        _List, Allowed("beginnings of transaction ids, parted by commas; empty for none")
    ] = Field(SAMPLE_PREFIXES, description="Ids of sample rows, which are in no figure")
    exact_rows: int = Field(
        5_000_000,
        ge=1,
        le=1_000_000_000,
        description="Up to so many rows a percentile of 24 h or less is exact",
    )
    captured_errors: Annotated[
        tuple[str, ...],
        BeforeValidator(partial(checks.listed, "|")),
        Allowed("whole messages, parted by a bar, * for any text; empty for none"),
    ] = Field(CAPTURED_ERRORS, description="Error messages that mean: money was taken")
    query_budget_s: float = Field(
        2.0,
        ge=0.1,
        le=600,
        allow_inf_nan=False,
        description="Seconds a page's question may take before it is interrupted",
    )
    cache_live_s: int = Field(
        30, ge=1, le=3_600, description="Seconds an answer about this moment may be kept"
    )
    cache_health_s: int = Field(
        30, ge=1, le=3_600, description="Seconds an answer about health and hosts may be kept"
    )
    cache_activity_s: int = Field(
        120, ge=1, le=3_600, description="Seconds an answer about users and load may be kept"
    )
    cache_revenue_s: int = Field(
        300, ge=1, le=3_600, description="Seconds an answer about money by window may be kept"
    )
    cache_mb: int = Field(
        128, ge=0, le=65_536, description="Memory for answers that are kept, in MB; 0 keeps none"
    )
    log_mb: float = Field(
        2.0,
        ge=0.1,
        le=1_000,
        allow_inf_nan=False,
        description="Size at which a process of the console begins a new file of its log, in MB",
    )
    log_files: int = Field(
        5, ge=2, le=100, description="Files of its log that each process of the console keeps"
    )
    seal_rows: int = Field(
        50_000, ge=1_000, le=500_000, description="Rows of a stream that are sealed to Parquet"
    )
    seal_minutes: int = Field(
        60, ge=1, le=10_080, description="Age at which fewer rows are sealed all the same"
    )
    keep_requests_days: _Days = Field(
        90, description="Days for which single response times are kept; what they add up to stays"
    )
    keep_system_days: _Days = Field(
        90, description="Days for which single samples of hosts are kept; what they add up to stays"
    )
    keep_activity_days: _Days = Field(None, description="Days for which activity is kept")
    keep_health_days: _Days = Field(None, description="Days for which health checks are kept")
    keep_logs_days: _Days = Field(None, description="Days for which log lines are kept")
    rules_file: Annotated[
        Path | None,
        BeforeValidator(checks.none_if_empty),
        AfterValidator(checks.rules_file),
        Allowed("a TOML file, see docs/alerts.md; empty for the built-in rules"),
    ] = Field(None, description="Alert rules, the channels that tell of them, and probes")
    disk_budget_gb: Annotated[
        float | None,
        BeforeValidator(checks.none_if_empty),
        AfterValidator(checks.budget),
        Allowed("a number from 1 to 1000000; empty for all the disk has"),
    ] = Field(None, description="Room that everything the console writes may take, in GB")

    demo_payments_per_minute: float = Field(
        1,
        ge=0,
        le=600,
        allow_inf_nan=False,
        description="How fast the demo shop goes on selling; 0: nobody comes",
    )
    demo_days: int = Field(90, ge=1, le=365, description="Days behind a new demo shop")
    demo_outages: Annotated[
        _List,
        AfterValidator(checks.readable_outages),
        Allowed(
            "like paypal@2026-11-20T10:00/30m or mail@.../2h, parted by commas; empty for none"
        ),
    ] = Field((), description="Outages the demo shop is to have, in UTC")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # load_settings reads environment and .env itself, to tell a misspelt name from none, and so
        # that a Settings made in a test hangs on nothing outside.
        return (init_settings,)

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.stuck_minutes >= self.abandoned_hours * 60:
            raise SettingError(
                f"{self.stuck_minutes} minutes are not less than VC_ABANDONED_HOURS "
                f"({self.abandoned_hours} hours)",
                where="VC_STUCK_MINUTES",
                hint="A payment is stuck before it is abandoned",
            )
        return self

    @property
    def store_dir(self) -> Path:
        """Where the store lies: the demo shop has one of its own, apart from real payments."""
        return self.data_dir if self.source_url else self.demo_dir

    @property
    def demo_dir(self) -> Path:
        """Everything of the demo shop."""
        return self.data_dir / "demo"

    @property
    def keep(self) -> dict[str, timedelta]:
        """How long rows are kept, by stream; for ever where it is not named."""
        days = {
            "requests": self.keep_requests_days,
            "system": self.keep_system_days,
            "activity": self.keep_activity_days,
            "health": self.keep_health_days,
            "logs": self.keep_logs_days,
        }
        return {name: timedelta(days=age) for name, age in days.items() if age is not None}

    @property
    def disk_budget_bytes(self) -> int | None:
        """What everything the console writes may take; None: what the disk has."""
        return None if self.disk_budget_gb is None else int(self.disk_budget_gb * 1_000_000_000)

    @property
    def log_bytes(self) -> int:
        """The size at which a new file of the log is begun."""
        return int(self.log_mb * 1_000_000)

    @property
    def zone(self) -> ZoneInfo:
        """The operator's zone."""
        return ZoneInfo(self.timezone)

    @property
    def source_zone(self) -> ZoneInfo:
        """The zone of the source's naive local columns."""
        return ZoneInfo(self.source_timezone)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The outages the demo shop is to have."""
        return tuple(read_outage(outage) for outage in self.demo_outages)
