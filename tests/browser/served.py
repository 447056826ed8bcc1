"""The real console on a port of its own, and a browser's tab that notes what goes wrong in it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.pages.signed_in import PASSWORD, Quick
from vcanalytics.accounts import Accounts, Role
from vcanalytics.web.cookies import SECURE_NAME

ROOT: Final = Path(__file__).parents[2]
#: Every page's path, by the name of its file.
PATHS: Final = {
    path.stem: "/" if path.stem == "overview" else f"/{path.stem}"
    for path in sorted((ROOT / "pages").glob("*.py"))
}
_START_WITHIN_S: Final = 60.0
_STOP_WITHIN_S: Final = 10.0
WITHIN_MS: Final = 20_000
#: Notes in the page what its policy (CSP) refused.
_NOTE_REFUSED: Final = (
    "addEventListener('securitypolicyviolation', e => (window.refused ??= []).push("
    "`${e.violatedDirective} ${e.blockedURI}`))"
)
#: Drawn, and connected: nothing of the page is to come.
_READY: Final = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Served:
    """A running console: where it listens and keeps its store, its log, and an admin's session."""

    port: int
    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]
    secret: str

    @property
    def cookie(self) -> str:
        """The session as a Cookie header."""
        return f"{SECURE_NAME}={self.secret}"

    def sign_in(self, context: BrowserContext, secret: str | None = None) -> None:
        """Give a browser profile a session: the admin's, where no other is named."""
        context.add_cookies(
            [
                {
                    "name": SECURE_NAME,
                    "value": secret or self.secret,
                    # Of whatever port; a Secure cookie is not set for a plain address by hand.
                    "url": "https://127.0.0.1/",
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )

    def url(self, path: str, **params: str) -> str:
        query = urlencode({key.rstrip("_"): value for key, value in params.items()})
        return f"http://127.0.0.1:{self.port}{path}" + (f"?{query}" if query else "")


def session(data_dir: Path, name: str = "ada", role: Role = Role.ADMIN) -> str:
    """The secret of a new session in the accounts there; the user is added where missing."""
    accounts = Accounts.open(data_dir, hasher=Quick())
    try:
        if name not in {user.name for user in accounts.users()}:
            accounts.add_user(name, PASSWORD, role, by="test")
        return accounts.sign_in(name, PASSWORD, address="127.0.0.1").secret
    finally:
        accounts.close()


@contextmanager
def serving(
    data_dir: Path, *, users: bool = True, port: int | None = None, **settings: str
) -> Iterator[Served]:
    """``streamlit run Home.py`` with its collectors, from its start until the block ends."""
    port, log = port or free_port(), data_dir.parent / f"{data_dir.name}.log"
    secret = session(data_dir) if users else ""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VC_")}
    told = {f"VC_{name.upper()}": value for name, value in settings.items()}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(port)],
            cwd=ROOT,
            env={**plain, "VC_DATA_DIR": str(data_dir), "VC_WATCHMAN": "off", **told},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    served = Served(port, data_dir, log, process, secret)
    try:
        _wait_for(served)
        yield served
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Have a console end, whether or not it wants to; one that has ended stays so."""
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(served: Served) -> None:
    give_up_at = time.monotonic() + _START_WITHIN_S
    while not _answers(served):
        assert served.process.poll() is None, served.log.read_text()
        assert time.monotonic() < give_up_at, served.log.read_text()
        time.sleep(0.05)


def _answers(served: Served) -> bool:
    asking = http.client.HTTPConnection("127.0.0.1", served.port, timeout=2)
    try:
        asking.request("GET", "/healthz")
        return b'"ok"' in asking.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


@dataclass
class Tab:
    """One browser tab on the console."""

    served: Served
    page: Page
    #: What the browser's console said in red, and every address asked for.
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WITHIN_MS)
        self.page.add_init_script(_NOTE_REFUSED)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda opened: self.asked.append(opened.url))

    def open(self, name: str, **params: str) -> None:
        """Follow a deep link to a page and wait until it is drawn."""
        self.page.goto(self.served.url(PATHS[name], **params))
        self.drawn()

    def leave(self) -> None:
        """Show next to nothing, forget what was noted: the next page is loaded as by a new tab.

        A page of the console's own: it isolates its origin, so that about:blank would be another
        process's, and the next page one more, which compiles every script anew. And one with an
        icon: without it the browser asks for one, and says in red that there is none.
        """
        self.page.goto(self.served.url("/logout"))
        self.errors.clear()
        self.asked.clear()

    def drawn(self) -> None:
        self.page.wait_for_selector(_READY)

    @property
    def title(self) -> str:
        return self.page.locator("h1").first.inner_text()

    def see(self, text: str) -> None:
        """Wait until the text stands on the page; tables count too."""
        self.page.wait_for_function("t => document.body.textContent.includes(t)", arg=text)

    def sees(self, text: str) -> bool:
        return bool(self.page.evaluate("t => document.body.textContent.includes(t)", text))

    def strangers(self) -> list[str]:
        """Addresses asked for that are not the console's own."""
        mine = f"127.0.0.1:{self.served.port}"
        return [
            url
            for url in self.asked
            if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != mine
        ]

    def assert_well(self) -> None:
        """Nothing in red or against the policy, nobody else was asked, no panel failed."""
        assert self.errors == []
        assert self.strangers() == []
        # Streamlit's protocol would reckon long integers in WebAssembly, and does without it.
        assert set(self.page.evaluate("window.refused ?? []")) <= {"script-src wasm-eval"}
        assert not self.sees("could not be drawn")
        assert not self.sees("This app has encountered an error")


@contextmanager
def profile(browser: Browser, **wanted: Any) -> Iterator[BrowserContext]:
    """A browser profile of its own, ``wanted`` as for Playwright's new_context."""
    context = browser.new_context(**wanted)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def tab(context: BrowserContext, served: Served) -> Iterator[Tab]:
    """A new tab, signed in as the admin where there is one."""
    if served.secret:
        served.sign_in(context)
    page = context.new_page()
    try:
        yield Tab(served, page)
    finally:
        page.close()
