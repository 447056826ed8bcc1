"""Users at work: they sign in, upload pictures, have them vectorised and take the result."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator.people import Account
from collectors.simulator.rhythm import Region, draw_around
from collectors.simulator.steps import Cell, Step, as_json, insert, measured, stamp, update

#: (strategy, share in per mille, median ms)
STRATEGIES: Final = (
    ("vtracer_high_fidelity", 574, 2200.0),
    ("experimental_v2", 169, 2350.0),
    ("experimental", 89, 2100.0),
    ("experimental_palette_8_colors", 88, 2300.0),
    ("vtracer_experimental", 80, 2450.0),
)
FAILED_SHARE: Final = 0.021
_MEASURED_SHARE: Final = 0.4
_WRONG_PASSWORD_SHARE: Final = 0.09
_AGENTS: Final = (
    None,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)",
)
_FILES: Final = ("logo.png", "scan.jpg", "IMG_2041.jpg", "Frame 53.png", "ロゴ.jpg", "sketch.gif")
_EXTRAS: Final = ("profile_update", "password_change", "logout", "logout", "logout")


class Sessions:
    """Makes the steps of one user's visit. ``zone`` is that of the shop's host."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def session(
        self, rng: random.Random, at: datetime, user: Account, region: Region
    ) -> list[Step]:
        """Sign-in, a few vectorisations, and at times a sign-out or a change of profile."""
        visit = _Visit(rng, user, region, self._zone)
        if rng.random() < _WRONG_PASSWORD_SHARE:
            visit.refused(at)
            at += timedelta(seconds=rng.uniform(8, 40))
        visit.signed_in(at)
        for _ in range(rng.choices((0, 1, 2, 3, 4, 6), (12, 25, 25, 18, 12, 8))[0]):
            at += timedelta(seconds=20 + rng.expovariate(1 / 110))
            at = visit.vectorised(at)
        at += timedelta(seconds=10 + rng.expovariate(1 / 200))
        if rng.random() < 0.3:
            visit.acted(at, rng.choice(_EXTRAS), {"field": "email"})
        return visit.steps


class _Visit:
    """The steps of one session, as it goes on."""

    def __init__(self, rng: random.Random, user: Account, region: Region, zone: ZoneInfo) -> None:
        self.steps: list[Step] = []
        self._rng = rng
        self._user = user
        self._zone = zone
        self._agent = rng.choice(_AGENTS)
        network = rng.choice(region.addresses)
        self._address = f"{network}.{rng.randrange(1, 255)}.{rng.randrange(1, 255)}"

    def refused(self, at: datetime) -> None:
        message = f"Failed login attempt for username: {self._user.username}"
        self._log(at, "WARNING", "auth", message, {"ip": self._address}, None)
        self._measured(at, "request_time", "login", draw_around(self._rng, 210.0))

    def signed_in(self, at: datetime) -> None:
        self.steps.append(update(at, "users", self._user.email, {"last_login": stamp(at)}))
        self._measured(at, "request_time", "login", draw_around(self._rng, 210.0))
        if self._rng.random() < _MEASURED_SHARE:
            self._measured(at, "database_query", "get_user_by_id", draw_around(self._rng, 0.42))
        self.acted(at, "login", None)
        if self._rng.random() < 0.25:
            details: dict[str, object] = {"ip": self._address}
            self._log(at, "INFO", "auth", "User login successful", details, self._user.email)

    def vectorised(self, at: datetime) -> datetime:
        """One picture from upload to result; returns when it was done."""
        rng = self._rng
        strategies = [share for _, share, _ in STRATEGIES]
        strategy, _, median_ms = rng.choices(STRATEGIES, strategies)[0]
        took_ms = min(max(draw_around(rng, median_ms, 0.85), 80), 30_000)
        failed = rng.random() < FAILED_SHARE
        name = rng.choice(_FILES)
        size_bytes = rng.randrange(40_000, 16_700_000)
        done = at + timedelta(milliseconds=took_ms)
        code = f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}"
        self.acted(at, "upload", {"filename": name, "file_size": size_bytes})
        self.steps.append(
            insert(
                done,
                "user_uploads",
                {
                    "user_id": self._user.user_id,
                    "filename": f"{code}_{name}",
                    "original_filename": name,
                    "file_size": size_bytes,
                    "upload_date": stamp(done),
                    "svg_filename": None if failed else f"{code}_result.svg",
                    "processing_time": None if failed else took_ms / 1000,
                    "strategy_used": None if failed else strategy,
                },
            )
        )
        self._measured(done, "vectorization_time", strategy, took_ms, failed=failed)
        if rng.random() < _MEASURED_SHARE:
            request_ms = took_ms + draw_around(rng, 90.0)
            self._measured(done, "request_time", "vectorize_image", request_ms, failed=failed)
        self._logged(at, done, strategy, took_ms, name, size_bytes, failed)
        if failed:
            return done
        quality = round(rng.uniform(0.6, 0.99), 3)
        details: dict[str, object] = {"strategy": strategy, "processing_time": took_ms / 1000}
        self.acted(done, "vectorization", {**details, "quality_score": quality})
        if rng.random() < 0.83:
            taken = done + timedelta(seconds=rng.uniform(2, 60))
            self.acted(taken, "download", {"format": "svg"})
            if rng.random() < _MEASURED_SHARE:
                self._measured(taken, "request_time", "download_result", draw_around(rng, 14.0))
        return done

    def acted(self, at: datetime, kind: str, details: dict[str, object] | None) -> None:
        values: dict[str, Cell] = {
            "user_id": self._user.user_id,
            "activity_type": kind,
            "description": f"User {self._user.username} {kind.replace('_', ' ')}",
            "ip_address": self._address,
            "user_agent": self._agent,
            "details": as_json(details) if details and kind != "logout" else None,
            "timestamp": stamp(at),
        }
        self.steps.append(insert(at, "user_activities", values))

    def _logged(
        self,
        at: datetime,
        done: datetime,
        strategy: str,
        took_ms: float,
        name: str,
        size_bytes: int,
        failed: bool,
    ) -> None:
        email = self._user.email
        if failed:
            message = "cannot identify image file"
            details: dict[str, object] = {"filename": name, "error_message": message}
            failure = f"Vectorization failed: {message}"
            self._log(done, "ERROR", "vectorization", failure, details, email)
            return
        draw = self._rng.random()
        if draw < 0.12:
            started = f"Vectorization started by {self._user.username}"
            details = {"filename": name, "file_size": size_bytes}
            self._log(at, "INFO", "vectorization", started, details, email)
        if draw < 0.08:
            details = {
                "filename": name,
                "processing_time": took_ms / 1000,
                "strategy_used": strategy,
                "quality_score": self._rng.uniform(0.6, 0.99),
            }
            completed = "Vectorization completed successfully"
            self._log(done, "INFO", "vectorization", completed, details, email)

    def _log(
        self,
        at: datetime,
        level: str,
        component: str,
        message: str,
        details: dict[str, object],
        email: str | None,
    ) -> None:
        values: dict[str, Cell] = {
            "level": level,
            "component": component,
            "message": message,
            "details": as_json(details),
            "user_email": email,
            "created_at": stamp(at),
        }
        self.steps.append(insert(at, "system_logs", values))

    def _measured(
        self, at: datetime, kind: str, endpoint: str, value_ms: float, *, failed: bool = False
    ) -> None:
        status = "error" if failed else "success"
        self.steps.append(measured(at, self._zone, kind, endpoint, value_ms, status))
