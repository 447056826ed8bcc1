"""Who is it, and may they: one gate for pages, HTTP and sockets alike.

Inside of it a request has the session's cookie and the Authorization header taken out, and carries
who it is in headers of ours, which nobody outside can send: Streamlit passes them on to the pages
(``server.trustedUserHeaders`` in .streamlit/config.toml).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vcanalytics.accounts import Accounts, Principal
from vcanalytics.errors import StoreError
from vcanalytics.web import access, cookies, limits, refusals
from vcanalytics.web.addresses import Addresses, client_of
from vcanalytics.web.limits import Rates
from vcanalytics.web.sockets import Look, OpenSockets

#: What the audit log calls a refusal.
REFUSED: Final = "refused"
HEALTH: Final = "/healthz"
PING: Final = "/_stcore/health"
HOST_CONFIG: Final = "/_stcore/host-config"
_OURS: Final = (b"x-vc-", b"x_vc_")
_SECRETS: Final = frozenset({b"authorization", b"proxy-authorization"})
#: Nothing here is put, patched or deleted, nor asked for by another site first; but for uploads.
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
_SUBPROTOCOL: Final = "streamlit"
_POLICY_VIOLATION: Final = 1008
#: What Streamlit's page asks before it connects: nothing of it is anybody's secret, and no other
#: site may speak to the page.
_HOST_CONFIG: Final = {
    "allowedOrigins": [],
    "useExternalAuthToken": False,
    "enableCustomParentMessages": False,
    "enforceDownloadInNewTab": False,
    "metricsUrl": "",
    "blockErrorDialogs": False,
    "resourceCrossOriginMode": None,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks and how, as the routes behind the doors see it."""

    accounts: Accounts
    principal: Principal | None
    secret: str | None = field(repr=False)
    address: str
    #: Whether the browser keeps a Secure cookie.
    secure: bool
    #: Who it is by now, for what goes on after it was let in.
    look: Look


@dataclass(slots=True)
class Keeper:
    """What the doors and the routes share; ``accounts`` are there while the console lives."""

    addresses: Addresses
    rates: Rates = field(default_factory=Rates)
    sockets: OpenSockets = field(default_factory=OpenSockets)
    accounts: Accounts | None = None
    #: The message that has Streamlit's page go to the sign-in page.
    farewell: bytes | None = None


def visit_of(scope: Scope) -> Visit:
    """The visit that the doors let in."""
    visit = scope["vc"]
    if not isinstance(visit, Visit):
        raise TypeError("the request came around the doors")
    return visit


def _needed(scope: Scope) -> access.Access | None:
    return access.needed(str(scope["path"]), str(scope.get("method", "GET")))


def may_still(scope: Scope) -> bool:
    """Whether whoever was let in may still have the path they were let in for.

    Raises StoreError where accounts cannot be read.
    """
    who, needed = visit_of(scope).look(), _needed(scope)
    if who is None or needed is None or needed.role is None:
        return False
    return who.role.allows(needed.role)


class Doors:
    """Lets in who may come in, and refuses the rest."""

    def __init__(self, app: ASGIApp, keeper: Keeper) -> None:
        self._app = app
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = await self._pass(scope, receive, send)
        if refusal is not None:
            await refusals.refuse(refusal, scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> refusals.Refusal | None:
        path = str(scope["path"])
        if refusal := self._misdirected(scope, path):
            return refusal
        if (own := _own_answer(path, scope)) is not None:
            await own(scope, receive, send)
            return None
        if path == HEALTH:
            await self._app(scope, receive, send)
            return None
        if self._keeper.accounts is None:
            return refusals.NOT_READY
        try:
            visit = self._visit(scope, self._keeper.accounts)
        except StoreError:
            return refusals.NOT_READY
        needed = _needed(scope)
        if needed is not None and needed.role is None:
            await self._app(_inner(scope, visit), receive, send)
            return None
        if visit.principal is None:
            return await self._turn_away(scope, receive, send, visit)
        refusal = await self._not_for(visit.principal, visit, path, needed)
        return refusal or await self._let_in(scope, receive, send, visit)

    def _misdirected(self, scope: Scope, path: str) -> refusals.Refusal | None:
        """What nobody may ask, whoever they are."""
        uploads = path.startswith(access.UPLOADS)
        spoken = access.UPLOAD_METHODS if uploads else _METHODS
        if scope["type"] == "http" and scope["method"] not in spoken:
            return refusals.WRONG_METHOD
        if not access.is_plain(scope.get("raw_path") or path.encode("utf-8", "replace")):
            return refusals.BAD_PATH
        if self._keeper.addresses.host(scope) is None:
            return refusals.WRONG_HOST
        if not self._keeper.addresses.from_own_page(scope):
            return refusals.WRONG_ORIGIN
        return None

    async def _not_for(
        self, who: Principal, visit: Visit, path: str, needed: access.Access | None
    ) -> refusals.Refusal | None:
        """Why somebody who is known may not have ``path``; what their role forbids is noted."""
        if wait := self._keeper.rates.wait_s(limits.PRINCIPAL, who.actor):
            return refusals.too_often(wait)
        if needed is None:
            return refusals.NOT_FOUND
        if path.startswith(access.UPLOADS) and who.session is None:
            # Pages are for people.
            return refusals.FORBIDDEN
        if needed.role is None or who.role.allows(needed.role):
            return None
        # A page that asks again and again must not fill the log.
        if not self._keeper.rates.wait_s(limits.NOTED, f"{who.actor} {path}"):
            await asyncio.to_thread(
                visit.accounts.note,
                REFUSED,
                actor=who.actor,
                target=path,
                address=visit.address,
                detail=f"needs {needed.role}, is {who.role}",
            )
        return refusals.FORBIDDEN

    def _visit(self, scope: Scope, accounts: Accounts) -> Visit:
        """Who it is, and how to find out whether it still is."""
        secure = self._keeper.addresses.keeps_secure_cookies(scope)
        address = client_of(scope)
        given = Headers(scope=scope).getlist("authorization")
        # A token that is named counts alone: a browser's cookie does not make up for a bad one.
        if given:
            kind, _, token = given[0].partition(" ")
            if len(given) > 1 or kind.lower() != "bearer":
                token = ""

            def look() -> Principal | None:
                return accounts.bearer(token.strip())

            return Visit(accounts, look(), None, address, secure, look)
        secret = cookies.read_secret(scope, secure=secure) or ""

        def look_again() -> Principal | None:
            return accounts.principal(secret, touch=False)

        # An open page reconnects by itself; only what a person does keeps a session from idling.
        touch = scope["type"] == "http"
        principal = accounts.principal(secret, touch=touch) if secret else None
        return Visit(accounts, principal, secret or None, address, secure, look_again)

    async def _turn_away(
        self, scope: Scope, receive: Receive, send: Send, visit: Visit
    ) -> refusals.Refusal | None:
        """Refuse whoever is not signed in, as fits what they asked for."""
        if wait := self._keeper.rates.place_wait_s(limits.STRANGER, visit.address):
            return refusals.too_often(wait)
        path = str(scope["path"])
        if path == access.STREAM and scope["type"] == "websocket" and self._keeper.farewell:
            await _send_to_sign_in(self._keeper.farewell, receive, send)
            return None
        by_hand = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        wants_page = path in access.PAGES or access.is_file(path)
        if by_hand and wants_page and "authorization" not in Headers(scope=scope):
            query = scope.get("query_string", b"").decode("latin-1")
            where = f"{path}?{query}" if query else path
            to = "/login" if where == "/" else f"/login?{urlencode({'next': where})}"
            await RedirectResponse(to, 303, {"Cache-Control": "no-store"})(scope, receive, send)
            return None
        return refusals.UNKNOWN

    async def _let_in(
        self, scope: Scope, receive: Receive, send: Send, visit: Visit
    ) -> refusals.Refusal | None:
        who, path = visit.principal, str(scope["path"])
        if who is None:
            return refusals.UNKNOWN
        if scope["type"] == "http":
            for counts, rate in (
                (access.is_file(path), limits.EXPORTS),
                (path.startswith(access.INGEST), limits.INGEST),
            ):
                if counts and (wait := self._keeper.rates.wait_s(rate, who.actor)):
                    return refusals.too_often(wait)
            await self._app(_inner(scope, visit), receive, send)
            return None
        if path not in {access.STREAM, access.LIVE}:
            return refusals.NOT_FOUND
        if path == access.STREAM and who.session is None:
            # Pages are for people.
            return refusals.FORBIDDEN
        if wait := self._keeper.rates.wait_s(limits.SOCKETS, who.actor):
            return refusals.too_often(wait)
        if not self._keeper.sockets.has_room(who):
            return refusals.too_often(5)
        await self._keeper.sockets.serve(
            self._app,
            _inner(scope, visit),
            receive,
            send,
            who=who,
            look=visit.look,
            farewell=self._keeper.farewell if path == access.STREAM else None,
        )
        return None


def _own_answer(path: str, scope: Scope) -> Response | None:
    """What is answered here in Streamlit's place."""
    if scope["type"] != "http" or path not in {PING, HOST_CONFIG}:
        return None
    if scope["method"] == "POST":
        return refusals.as_page(refusals.WRONG_METHOD)
    never_kept = {"Cache-Control": "no-store"}
    if path == PING:
        return PlainTextResponse("ok", headers=never_kept)
    return JSONResponse(_HOST_CONFIG, headers=never_kept)


def _inner(scope: Scope, visit: Visit) -> Scope:
    """The request as the inside sees it: no secret, and nobody's word for who it is but ours."""
    headers: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        lower = name.lower()
        if lower.startswith(_OURS) or lower in _SECRETS:
            continue
        if lower == b"cookie":
            value = cookies.without_secret(value)  # noqa: PLW2901 - the same header, less of it
            if not value:
                continue
        headers.append((name, value))
    who = visit.principal
    if who is not None and who.session is not None:
        headers += [
            (b"x-vc-session", str(who.session).encode()),
            (b"x-vc-user", quote(who.name, safe="").encode()),
            (b"x-vc-role", str(who.role).encode()),
        ]
    return {**scope, "headers": headers, "vc": visit}


async def _send_to_sign_in(farewell: bytes, receive: Receive, send: Send) -> None:
    """A page left open after its session ended connects anew: it is told where to go."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": _SUBPROTOCOL})
    await send({"type": "websocket.send", "bytes": farewell})
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
