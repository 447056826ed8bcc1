"""From a commit in the store to a message on the live socket, and events taken in over HTTP.

A console of its own without collectors, and a store that this benchmark alone writes. Pushes: a row
is committed now and then, or ten times a second; each socket tells when it heard of it, in the same
process as the writer, so that what its own 200 sockets cost is in the figures. Deaf sockets join
and never read. Events: four senders, each with one batch on its way, against the same batches
appended to a store of the same disk without HTTP. Three minutes, 200 MB of disk.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import random
import secrets
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.results import Aim, Options, Result, percentile
from benchmarks.served import ServedConsole, console
from vcanalytics import ingest
from vcanalytics.accounts import Accounts, Role
from vcanalytics.model.streams import REQUESTS
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch

_PATH = "/admin/api/live"
_INGEST = "/admin/api/ingest/requests"
_JOIN = '{"type": "join_admin_room", "figures": false}'
_SENDERS = 4
#: New sockets, and batches, are limited by token: enough of them for what is asked here.
_TOKENS = 40
#: By when the last push has long come.
_AFTER_S = 1.0


@dataclass(slots=True)
class _Ears:
    """When each of many sockets heard of each commit."""

    sockets: list[ClientConnection] = field(default_factory=list)
    heard: dict[int, list[float]] = field(default_factory=dict)

    async def listen(self, url: str, token: str) -> None:
        joined = await connect(url, additional_headers={"Authorization": f"Bearer {token}"})
        await joined.send(_JOIN)
        self.sockets.append(joined)

    async def follow(self, one: ClientConnection) -> None:
        async for text in one:
            at = time.perf_counter()
            told = json.loads(text)
            seq = told.get("seqs", {}).get("requests")
            if seq is not None:
                self.heard.setdefault(seq, []).append(at)


def _row(value: float) -> pa.Table:
    row = {"happened_at": datetime.now(UTC), "kind": "request_time", "endpoint": "/bench"}
    return make_batch(REQUESTS, [row | {"value_ms": value, "status": "success"}])


def _deaf(server: str, token: str) -> socket.socket:
    """Joins, and never reads again; little fits between it and the server."""
    at = urlsplit(server)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.connect((at.hostname, at.port))
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = [f"GET {_PATH} HTTP/1.1", f"Host: {at.netloc}", f"Authorization: Bearer {token}"]
    lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    made.sendall("\r\n".join([*lines, f"Sec-WebSocket-Key: {key}", "", ""]).encode())
    if b"101" not in made.recv(4_096):
        raise RuntimeError("a socket was refused")
    said = _JOIN.encode()
    # Masked, as a client's frames are, with a mask of zeros.
    made.sendall(bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said)
    return made


async def _pushes(
    served: ServedConsole,
    tokens: Iterator[str],
    *,
    sockets: int,
    deaf: int,
    gaps_s: tuple[float, float],
    commits: int,
    seed: int,
) -> tuple[list[float], float]:
    """Milliseconds from each commit to each socket, and the share of a core the console took."""
    ears, rng = _Ears(), random.Random(seed)  # noqa: S311 nobody is to be surprised
    url = served.base.replace("http://", "ws://") + _PATH
    silent = [_deaf(served.base, next(tokens)) for _ in range(deaf)]
    for _ in range(sockets):
        await ears.listen(url, next(tokens))
    following = [asyncio.create_task(ears.follow(one)) for one in ears.sockets]
    await asyncio.sleep(1)
    catalogue = Catalogue.open(served.store_dir)
    committed: dict[int, float] = {}
    began, cpu = time.perf_counter(), served.cpu_s()
    for number in range(commits):
        key, rows = f"{seed}:{sockets}:{deaf}:{gaps_s}:{number}", _row(float(number))
        seq = await asyncio.to_thread(catalogue.append, "requests", "bench", key, rows)
        committed[seq] = time.perf_counter()
        await asyncio.sleep(rng.uniform(*gaps_s))
    share = (served.cpu_s() - cpu) / (time.perf_counter() - began)
    await asyncio.sleep(_AFTER_S)
    catalogue.close()
    for task in following:
        task.cancel()
    for one in ears.sockets:
        one.transport.abort()
    for mute in silent:
        mute.close()
    return _latencies(committed, ears.heard, sockets), share


def _latencies(
    committed: dict[int, float], heard: dict[int, list[float]], sockets: int
) -> list[float]:
    """Of each commit and socket: until it was told of it, or of a later one."""
    found: list[float] = []
    for seq, at in committed.items():
        # A push tells the newest state: who heard of a later one first has heard of this.
        later = sorted(moment for told, all_ in heard.items() if told >= seq for moment in all_)
        found += [max(moment - at, 0.0) * 1000 for moment in later[:sockets]]
        if len(later) < sockets:
            raise RuntimeError(f"{sockets - len(later)} sockets never heard of a commit")
    return found


def _push_table(served: ServedConsole, tokens: Iterator[str], options: Options) -> Result:
    many, commits = (50, 10) if options.quick else (200, 40)
    rows: list[tuple[str | float | int, ...]] = []
    worst = 0.0
    for sockets, deaf, gaps_s, often in (
        (1, 0, (0.3, 0.9), "now and then"),
        (many, 0, (0.3, 0.9), "now and then"),
        (many, many // 10, (0.3, 0.9), "now and then"),
        (many, many // 10, (0.1, 0.1), "10 a second"),
    ):
        options.say(f"{sockets} sockets and {deaf} deaf ones, commits {often}")
        taken, share = asyncio.run(
            _pushes(
                served,
                tokens,
                sockets=sockets,
                deaf=deaf,
                gaps_s=gaps_s,
                commits=commits,
                seed=options.seed,
            )
        )
        shares = [percentile(taken, one) for one in (0.5, 0.95, 0.99, 1.0)]
        worst = max(worst, shares[2])
        rows.append((f"{sockets}", deaf, often, *shares, 100 * share))
    return Result(
        "live: from a commit to its push",
        ("sockets", "deaf", "commits", "p50, ms", "p95, ms", "p99, ms", "max, ms", "console, %"),
        rows,
        ("console, %: of one core, while that was measured; the reader's own work is in the ms.",),
        (Aim("p99 of the worst case", worst, 100, "ms"),),
    )


def _events(count: int) -> list[dict[str, object]]:
    at = datetime.now(UTC).isoformat()
    return [
        {"happened_at": at, "endpoint": f"/e{number % 40}", "value_ms": number % 977 + 0.5}
        for number in range(count)
    ]


def _over_http(served: ServedConsole, tokens: list[str], size: int, for_s: float) -> list[float]:
    """Seconds that each batch took, of several senders at once."""
    body = json.dumps(_events(size)).encode()
    until = time.perf_counter() + for_s

    def send(mine: list[str]) -> list[float]:
        took = []
        connection = http.client.HTTPConnection(urlsplit(served.base).netloc, timeout=60)
        for token in cycle(mine):
            began = time.perf_counter()
            if began >= until:
                break
            key = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(16)}
            connection.request("POST", _INGEST, body, key)
            answer = connection.getresponse()
            if json.loads(answer.read()).get("added") != size:
                raise RuntimeError(f"a batch was answered {answer.status}")
            took.append(time.perf_counter() - began)
        connection.close()
        return took

    with ThreadPoolExecutor(_SENDERS) as pool:
        parts = pool.map(send, [tokens[number::_SENDERS] for number in range(_SENDERS)])
        return [one for part in parts for one in part]


def _bare(folder: Path, size: int, for_s: float) -> float:
    """Events/s read and kept by one thread, without HTTP."""
    body, catalogue = json.dumps(_events(size)).encode(), Catalogue.open(folder)
    began, batches = time.perf_counter(), 0
    while time.perf_counter() - began < for_s:
        batch = ingest.read("requests", body)
        ingest.keep(catalogue, secrets.token_hex(16), batch, datetime.now(UTC))
        batches += 1
    took = time.perf_counter() - began
    catalogue.close()
    return size * batches / took


def _ingest_table(
    served: ServedConsole, tokens: list[str], folder: Path, options: Options
) -> Result:
    for_s = 1.0 if options.quick else 4.0
    rows: list[tuple[str | float | int, ...]] = []
    for size in (1, 100, 1_000, 10_000):
        options.say(f"events in batches of {size:,}")
        began = time.perf_counter()
        took = _over_http(served, tokens, size, for_s)
        rate = size * len(took) / (time.perf_counter() - began)
        bare = _bare(folder / f"bare-{size}", size, for_s)
        p50, p99 = statistics.median(took) * 1000, percentile(took, 0.99) * 1000
        rows.append((f"{size:,}", rate, p50, p99, bare, rate / bare))
    return Result(
        f"live: events over HTTP, {_SENDERS} senders",
        ("batch", "events/s", "p50, ms", "p99, ms", "without HTTP, events/s", "HTTP : without"),
        rows,
    )


def run(options: Options) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="vc-live-") as name:
        folder = Path(name)
        settings = {"collectors": "external", "sockets_per_user": "1000"}
        # A source that is not there: nobody but this benchmark writes.
        with console(folder / "data", folder / "none.db", **settings) as served:
            accounts = Accounts.open(folder / "data")
            made = [
                accounts.create_token(f"bench-{number}", Role.OPERATOR, by="bench")
                for number in range(_TOKENS)
            ]
            accounts.close()
            return [
                _push_table(served, cycle(made), options),
                _ingest_table(served, made, folder, options),
            ]
