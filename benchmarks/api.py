"""The JSON API of a real console over 100,000 payments: time of an answer, and answers a second.

Warm: asked again and again, with answers kept. Cold: everything kept is cleared before each. Both
over one connection that stays open, collectors at work beside. Then the server is held to one core,
and asked by four connections as fast as it answers, in turn with a bare Starlette route that gives
as long an answer under the same server. Two to three minutes, 200 MB of disk.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from benchmarks.asking import Connection, connected, per_second
from benchmarks.results import Aim, Options, Result, median, percentile
from benchmarks.served import ROOT, ServedConsole, console, free_port
from benchmarks.shops import past_shop
from vcanalytics.accounts import Accounts, Role

_PAYMENTS: Final = 100_000
_WARM_MS: Final = 20.0
_COLD_MS: Final = 100.0
#: The contract's table, then the lists.
_CONTRACT: Final = (
    "metrics/live",
    "analytics/revenue?timeframe=hourly",
    "analytics/revenue",
    "analytics/revenue?timeframe=weekly",
    "user-activity",
    "health",
    "alerts",
    "cache/stats",
)
_LISTS: Final = ("transactions", "transactions?email=customer77", "latency", "streams")
_REVENUE: Final = "/admin/api/analytics/revenue"
_CONNECTIONS: Final = 4
#: So that no limit of one user or address is reached.
_TOKENS: Final = 40
_ADDRESSES: Final = 200


def run(options: Options) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shop = past_shop(Path(folder) / "shop.db", _PAYMENTS)
        data_dir = Path(folder) / "data"
        with console(data_dir, shop, trusted_proxies="127.0.0.1", seal_rows="20000") as served:
            options.say("the shop is read")
            served.read_through()
            return [_times(served, options), _rates(served, data_dir, options)]


class _Asker:
    """Asks with one token after the other, from one address after the other."""

    def __init__(self, connection: Connection, tokens: list[str]) -> None:
        self._connection = connection
        self._tokens = tokens
        self._number = 0

    def made(self, path: str, *more: str, method: str = "GET", body: str = "") -> bytes:
        self._number += 1
        token = self._tokens[self._number % len(self._tokens)]
        headers = [
            f"Authorization: Bearer {token}",
            f"X-Forwarded-For: 10.0.{self._number % _ADDRESSES}.1",
            *more,
        ]
        return self._connection.request(method, path, headers, body)

    def ask_ms(self, path: str) -> float:
        request = self.made(path)
        began_at = time.perf_counter()
        status, _, body = self._connection.ask(request)
        took_ms = (time.perf_counter() - began_at) * 1000
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:200]!r}")
        return took_ms

    def clear(self) -> None:
        status, _, body = self._connection.ask(
            self.made("/admin/api/cache/clear", method="POST", body='{"type": "all"}')
        )
        if status != 200:
            raise RuntimeError(f"not cleared: {status} {body[:200]!r}")


def _tokens(served: ServedConsole) -> list[str]:
    accounts = Accounts.open(served.store_dir)
    try:
        return [
            accounts.create_token(f"bench-{number}", Role.ADMIN, by="bench")
            for number in range(_TOKENS)
        ]
    finally:
        accounts.close()


def _times(served: ServedConsole, options: Options) -> Result:
    warm_times, cold_times = (30, 8) if options.quick else (200, 40)
    rows: list[tuple[str | float, ...]] = []
    aims = []
    with connected(served.base) as connection:
        asker = _Asker(connection, _tokens(served))
        for path in (*_CONTRACT, *_LISTS):
            whole = f"/admin/api/{path}"
            cold = []
            for _ in range(cold_times):
                asker.clear()
                cold.append(asker.ask_ms(whole))
            asker.ask_ms(whole)
            warm = [asker.ask_ms(whole) for _ in range(warm_times)]
            options.say(path)
            rows.append(
                (
                    path,
                    median(warm),
                    percentile(warm, 0.95),
                    median(cold),
                    percentile(cold, 0.95),
                    f"{median(cold) / median(warm):.1f}",
                )
            )
            aims += [
                Aim(f"{path}, warm p50", median(warm), _WARM_MS, "ms"),
                Aim(f"{path}, cold p50", median(cold), _COLD_MS, "ms"),
            ]
    return Result(
        f"An answer of the API over {_PAYMENTS:,} payments",
        ("path", "warm p50, ms", "p95", "cold p50, ms", "p95", "cold : warm"),
        rows,
        (f"{warm_times} warm and {cold_times} cold answers each, one after the other.",),
        tuple(aims),
    )


@contextmanager
def _bare() -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "benchmarks.bare_route:app"),
            *("--port", str(port), "--log-level", "error", "--no-access-log"),
        ],
        cwd=ROOT,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        give_up_at = time.monotonic() + 30
        while True:
            try:
                with connected(base):
                    break
            except OSError:
                if child.poll() is not None or time.monotonic() > give_up_at:
                    raise RuntimeError("the bare route did not start") from None
                time.sleep(0.1)
        yield base, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(10)


def _rates(served: ServedConsole, data_dir: Path, options: Options) -> Result:
    rounds, seconds = (1, 2.0) if options.quick else (3, 5.0)
    found: dict[str, list[float]] = {name: [] for name in ("bare", "whole", "same")}
    accounts = Accounts.open(data_dir)
    tokens = [
        accounts.create_token(f"rate-{number}", Role.VIEWER, by="bench")
        for number in range(_TOKENS)
    ]
    accounts.close()
    with connected(served.base) as connection, _bare() as (bare, bare_process):
        for process in (served.process, bare_process):
            process.cpu_affinity([0])
        asker = _Asker(connection, tokens)
        _, headers, _ = connection.ask(asker.made(_REVENUE))
        known = f"If-None-Match: {headers['etag']}"
        own = [[asker.made(_REVENUE) for _ in range(_ADDRESSES)] for _ in range(_CONNECTIONS)]
        same = [
            [asker.made(_REVENUE, known) for _ in range(_ADDRESSES)] for _ in range(_CONNECTIONS)
        ]
        plain = [[connection.request("GET", "/", ())]] * _CONNECTIONS
        for number in range(rounds):
            found["bare"].append(per_second(bare, plain, seconds, 200))
            found["whole"].append(per_second(served.base, own, seconds, 200))
            found["same"].append(per_second(served.base, same, seconds, 304))
            options.say(f"round {number + 1} of {rounds}")
    least = median(found["bare"])
    names = {
        "bare": "a bare Starlette route",
        "whole": "analytics/revenue, warm",
        "same": "analytics/revenue, unchanged (304)",
    }
    return Result(
        f"Answers a second of a server on one core, asked by {_CONNECTIONS} connections",
        ("what", "answers/s", "a core's ms each", "bare : this"),
        [
            (names[name], median(some), 1000 / median(some), f"{least / median(some):.1f}")
            for name, some in found.items()
        ],
        (
            "The API's answers pass the doors: limits, sign-in, headers, and a thread each.",
            f"Medians of {rounds} rounds of {seconds:g} s each, in turn.",
        ),
    )
