"""A real server for a benchmark: the console, or any Streamlit page, in a process of its own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from vcanalytics.accounts import Accounts, Role
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue
from vcanalytics.web.cookies import SECURE_NAME

ROOT = Path(__file__).resolve().parent.parent
_START_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens, and its process."""

    base: str
    process: psutil.Process

    def family(self) -> list[psutil.Process]:
        """The server and its children."""
        return [self.process, *self.process.children(recursive=True)]

    def memory_mb(self) -> dict[str, tuple[float, float]]:
        """Megabytes resident and proportional (PSS) of each process of the family, by its part."""
        found: dict[str, tuple[float, float]] = {}
        for process in self.family():
            info = process.memory_full_info()
            part = "console" if process.pid == self.process.pid else "collectors"
            rss, pss = found.get(part, (0.0, 0.0))
            found[part] = (rss + info.rss / 1e6, pss + info.pss / 1e6)
        return found

    def collectors_mb(self) -> list[float]:
        """Proportional megabytes (PSS) of each process but the console's own."""
        return [p.memory_full_info().pss / 1e6 for p in self.family() if p.pid != self.process.pid]

    def cpu_s(self) -> float:
        """CPU seconds the server itself has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class ServedConsole(Server):
    """The console, where it keeps its store, and the session of somebody who may see it all."""

    store_dir: Path
    secret: str

    @property
    def cookie(self) -> str:
        """The session as a Cookie header."""
        return f"{SECURE_NAME}={self.secret}"

    def read_through(self, within_s: float = 120.0) -> None:
        """Wait until payments were read whole. Raises RuntimeError where they are not."""
        catalogue = Catalogue.open(self.store_dir)
        try:
            give_up_at = time.monotonic() + within_s
            while True:
                state = catalogue.states()["transactions"]
                if state.rows and not state.reading_history:
                    return
                if time.monotonic() > give_up_at:
                    raise RuntimeError(f"the source was not read within {within_s:.0f} s")
                time.sleep(0.1)
        finally:
            catalogue.close()


@contextmanager
def console(data_dir: Path, shop: Path | None, **settings: str) -> Iterator[ServedConsole]:
    """The console over ``shop`` (the demo shop without one), its collectors embedded."""
    url = "" if shop is None else f"sqlite:///{shop}"
    environment = {"VC_DATA_DIR": str(data_dir), "VC_SOURCE_URL": url}
    environment |= {f"VC_{name.upper()}": value for name, value in settings.items()}
    secret = _session(data_dir)
    with serving(ROOT / "Home.py", environment, "/healthz") as server:
        store = Settings(data_dir=data_dir, source_url=url).store_dir
        yield ServedConsole(server.base, server.process, store, secret)


def _session(data_dir: Path) -> str:
    """A signed-in admin, made before the console starts."""
    accounts = Accounts.open(data_dir)
    try:
        password = secrets.token_urlsafe(24)
        accounts.add_user("bench", password, Role.ADMIN, by="bench")
        return accounts.sign_in("bench", password, address="127.0.0.1").secret
    finally:
        accounts.close()


@contextmanager
def serving(script: Path, environment: Mapping[str, str], health: str) -> Iterator[Server]:
    """``streamlit run script`` until the block ends; ``health`` is asked until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    # Nothing of a developer's own settings.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VC_")}
    child = subprocess.Popen(
        [*command, *options, "--server.headless", "true", "--browser.gatherUsageStats", "false"],
        cwd=ROOT,
        env={**plain, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        give_up_at = time.monotonic() + _START_WITHIN_S
        while True:
            try:
                if httpx2.get(base + health, timeout=2).status_code == httpx2.codes.OK:
                    break
            except httpx2.TransportError:
                pass
            if child.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"{script.name} did not start")
            time.sleep(0.1)
        yield Server(base, psutil.Process(child.pid))
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
