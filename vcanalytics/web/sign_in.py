"""Sign-in, sign-out, and the pages of one-time links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vcanalytics.accounts import (
    AccountError,
    Refused,
    SignedIn,
    Throttled,
    WeakPassword,
)
from vcanalytics.accounts.passwords import HASHES_AT_ONCE, HASHES_WAITING_MAX
from vcanalytics.web import cookies, limits, plain, refusals
from vcanalytics.web.access import PAGES, is_file, is_plain
from vcanalytics.web.doors import Keeper, Visit, visit_of
from vcanalytics.web.headers import PLAIN_POLICY

_HASHING: Final = HASHES_AT_ONCE + HASHES_WAITING_MAX
_FORM: Final = "application/x-www-form-urlencoded"
_FORM_WITHIN_S: Final = 10.0
_NEXT_CHARS_MAX: Final = 2_048
_WRONG: Final = (
    "That did not match.",
    "Check the user name and the password, or wait 30\u00a0s after several tries.",
)
_NO_USERS: Final = (
    "Nobody can sign in yet.\nOpen the link that the console printed when it started: it makes the "
    "first admin."
)
_SIGNED_OUT: Final = "You are signed out.\nSign in to go on where you were."

_T = TypeVar("_T")


def local_path(text: str) -> str | None:
    """``text`` where it leads to a page or an export of the console, else None."""
    if len(text) > _NEXT_CHARS_MAX or not text.isprintable() or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not text.startswith(parts.path):
        return None
    export = is_file(parts.path) and is_plain(parts.path.encode())
    if parts.path not in PAGES and not export:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.path}{query}"


@dataclass(frozen=True, slots=True)
class _BadForm(Exception):
    refusal: refusals.Refusal


async def _form(request: Request, allowed: frozenset[str]) -> Mapping[str, str]:
    """The fields of a posted form, each at most once. Raises _BadForm."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise _BadForm(refusals.BAD_FORM)
    try:
        async with asyncio.timeout(_FORM_WITHIN_S):
            body = await request.body()
    except TimeoutError:
        raise _BadForm(refusals.TOO_SLOW) from None
    except ClientDisconnect:
        raise _BadForm(refusals.BAD_FORM) from None
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=4, errors="strict"
        )
    except ValueError:
        raise _BadForm(refusals.BAD_FORM) from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not set(fields) <= allowed:
        raise _BadForm(refusals.BAD_FORM)
    return fields


def _page(html: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return HTMLResponse(
        html,
        status_code=status,
        headers={
            "Content-Security-Policy": PLAIN_POLICY,
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def _go(where: str) -> Response:
    return RedirectResponse(where, 303, {"Cache-Control": "no-store"})


class SignIn:
    """The routes before and behind which everything else lies."""

    def __init__(self, keeper: Keeper, *, session_days: int) -> None:
        self._keeper = keeper
        self._session_days = session_days
        # Of its own: hashes must never wait for pages, nor pages for hashes.
        self._threads = ThreadPoolExecutor(HASHES_AT_ONCE + 2, thread_name_prefix="sign-in")
        self._hashing = 0

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route(plain.STYLE_PATH, self.style, methods=["GET"]),
            Route("/logout", self.ask_sign_out, methods=["GET"]),
            Route("/logout", self.sign_out, methods=["POST"]),
            Route("/welcome/{secret}", self.welcome, methods=["GET"]),
            Route("/welcome/{secret}", self.redeem, methods=["POST"]),
            Route("/admin/here", self.here, methods=["POST"]),
        ]

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def style(self, _request: Request) -> Response:
        """The stylesheet of the pages outside."""
        return Response(
            plain.style(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600"}
        )

    async def here(self, _request: Request) -> Response:
        """Somebody is at the page: the doors have noted it."""
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    def _next(self, request: Request) -> str | None:
        """Where to go after sign-in: what was asked for, else the page that was left just now."""
        if "next" in request.query_params:
            return local_path(request.query_params["next"])
        left = urlsplit(request.headers.get("referer", ""))
        own = f"{left.scheme}://{left.netloc}".lower()
        if own not in self._keeper.addresses.own_origins(request.scope):
            return None
        return local_path(f"{left.path}?{left.query}" if left.query else left.path)

    def _action(self, where: str | None) -> str:
        return "/login" if where in {None, "/"} else f"/login?{urlencode({'next': where})}"

    async def show(self, request: Request) -> Response:
        """The sign-in page; who is signed in goes on at once."""
        where = self._next(request)
        visit = visit_of(request.scope)
        if visit.principal is not None:
            return _go(where or "/")
        told = _SIGNED_OUT if "out" in request.query_params else ""
        if not await asyncio.to_thread(visit.accounts.has_users):
            told = _NO_USERS
        return _page(plain.sign_in_page(self._action(where), told=told))

    async def sign_in(self, request: Request) -> Response:
        """Check name and password; a guesser is told at once when to come back."""
        visit = visit_of(request.scope)
        where = self._next(request)
        try:
            fields = await _form(request, frozenset({"username", "password"}))
        except _BadForm as bad:
            return refusals.as_page(bad.refusal)
        if set(fields) != {"username", "password"}:
            return refusals.as_page(refusals.BAD_FORM)
        name, action = fields["username"], self._action(where)

        def again(status: int, wrong: tuple[str, str], **headers: str) -> Response:
            html = plain.sign_in_page(action, name=name[:64], wrong=wrong)
            return _page(html, status, {key.replace("_", "-"): headers[key] for key in headers})

        if wait := self._keeper.rates.place_wait_s(limits.SIGN_IN, visit.address):
            return again(429, _later(wait), Retry_After=str(wait))
        try:
            signed_in = await self._hashed(
                lambda: visit.accounts.sign_in(
                    name, fields["password"], address=visit.address, agent=_agent(request)
                )
            )
        except Throttled as error:
            return again(429, _later(error.retry_after_s), Retry_After=str(error.retry_after_s))
        except Refused:
            return again(401, _WRONG)
        return await self._enter(visit, signed_in, where)

    async def _hashed(self, work: Callable[[], _T]) -> _T:
        """Run what hashes in a thread; raises Throttled where too many wait already."""
        if self._hashing >= _HASHING:
            raise Throttled(1)
        self._hashing += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._hashing -= 1

    async def _enter(self, visit: Visit, signed_in: SignedIn, where: str | None) -> Response:
        """Give the new session's cookie; one that the browser had before ends."""
        if visit.secret is not None and visit.principal is not None:
            await asyncio.to_thread(visit.accounts.sign_out, visit.secret)
            self._keeper.sockets.end(visit.principal)
        response = _go(where or "/")
        cookies.give(response, signed_in.secret, secure=visit.secure, days=self._session_days)
        return response

    async def ask_sign_out(self, request: Request) -> Response:
        """A link cannot sign anybody out: it asks."""
        who = visit_of(request.scope).principal
        if who is None:
            return _go("/login")
        return _page(plain.sign_out_page(who.name, who.role))

    async def sign_out(self, request: Request) -> Response:
        """End the session and close everything it has open."""
        visit = visit_of(request.scope)
        if visit.secret is not None:
            await asyncio.to_thread(visit.accounts.sign_out, visit.secret)
        if visit.principal is not None and visit.principal.session is not None:
            self._keeper.sockets.end(visit.principal)
        response = _go("/login?out")
        cookies.take_back(response, secure=visit.secure)
        return response

    async def welcome(self, request: Request) -> Response:
        """The page of a one-time link. Looking at it does not use it up."""
        address = visit_of(request.scope).address
        if wait := self._keeper.rates.place_wait_s(limits.SIGN_IN, address):
            return refusals.as_page(refusals.too_often(wait))
        return await self._welcome(request, 200)

    async def _welcome(
        self,
        request: Request,
        status: int,
        *,
        typed: str = "",
        wrong: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        secret = request.path_params["secret"]
        found = await asyncio.to_thread(visit_of(request.scope).accounts.invitation, secret)
        if found is None:
            return refusals.as_page(refusals.LINK_USED)
        html = plain.welcome_page(
            f"/welcome/{secret}", found.role, name=found.name, typed=typed[:64], wrong=wrong
        )
        return _page(html, status, headers)

    async def redeem(self, request: Request) -> Response:
        """Make the user the link is for, and let them in."""
        visit = visit_of(request.scope)
        try:
            fields = await _form(request, frozenset({"username", "password", "again"}))
        except _BadForm as bad:
            return refusals.as_page(bad.refusal)
        if not {"username", "password"} <= set(fields):
            return refusals.as_page(refusals.BAD_FORM)
        name, password = fields["username"], fields["password"]
        if wait := self._keeper.rates.place_wait_s(limits.SIGN_IN, visit.address):
            return refusals.as_page(refusals.too_often(wait))
        if fields.get("again", password) != password:
            wrong = ("The two passwords differ.", "Type or paste the same one twice.")
            return await self._welcome(request, 400, typed=name, wrong=wrong)
        try:
            signed_in = await self._hashed(
                lambda: visit.accounts.redeem(
                    request.path_params["secret"],
                    name,
                    password,
                    address=visit.address,
                    agent=_agent(request),
                )
            )
        except Throttled as error:
            wait = error.retry_after_s
            return await self._welcome(
                request, 429, typed=name, wrong=_later(wait), headers={"Retry-After": str(wait)}
            )
        except Refused:
            return refusals.as_page(refusals.LINK_USED)
        except (WeakPassword, AccountError) as error:
            return await self._welcome(request, 400, typed=name, wrong=_said(error))
        return await self._enter(visit, signed_in, None)


def _later(wait_s: int) -> tuple[str, str]:
    return "Too many tries.", f"Try again in {wait_s}\u00a0s."


def _said(error: AccountError) -> tuple[str, str]:
    """An error in words for the person at the form."""
    what = f"{error.what[:1].upper()}{error.what[1:]}."
    hint = error.hint or ""
    return what, hint if not hint or hint.endswith(".") else f"{hint}."


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")
