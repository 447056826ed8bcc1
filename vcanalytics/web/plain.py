"""The pages outside the console: sign-in, welcome, sign-out, refusals.

Plain HTML with one stylesheet, which work without a script. Every value is escaped on its way in.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Final

from vcanalytics.accounts import Role

STYLE_PATH: Final = "/login/style.css"
_SHELL: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} · VectorCraft console</title>
<link rel="icon" type="image/svg+xml" href="/app/static/icon.svg">
<link rel="preload" as="font" type="font/woff2" crossorigin
  href="/app/static/fonts/hanken-grotesk-latin-wght-normal.woff2">
<link rel="stylesheet" href="{style}">
</head>
<body>
<main>
<p class="mark">
<img src="/app/static/icon.svg" alt="" width="28" height="28">VectorCraft console
</p>
<h1>{title}</h1>
{body}
</main>
{picture}
</body>
</html>
"""
#: Our own kind of curve: the anchors and handles that VectorCraft makes of pictures.
_PICTURE: Final = """<div class="picture" aria-hidden="true">
<svg viewBox="0 0 617 325" fill="none">
<path class="grid" d="M0 19H617M0 116H617M0 212H617M0 309H617"/>
<path class="glow" d="M29 305C94 305 124 249 189 230C255 218 292 249 338 184\
C384 118 405 119 483 103C537 91 555 46 591 16"/>
<path class="arm" d="M124 249L189 230L255 218M292 249L338 184L384 118M405 119L483 103L560 86"/>
<path class="line" d="M29 305C94 305 124 249 189 230C255 218 292 249 338 184\
C384 118 405 119 483 103C537 91 555 46 591 16"/>
<g class="anchor"><rect x="23" y="299" width="12" height="12" rx="2"/>\
<rect x="183" y="224" width="12" height="12" rx="2"/>\
<rect x="332" y="178" width="12" height="12" rx="2"/>\
<rect x="477" y="97" width="12" height="12" rx="2"/>\
<rect x="585" y="10" width="12" height="12" rx="2"/></g>
<g class="handle"><circle cx="124" cy="249" r="5"/><circle cx="255" cy="218" r="5"/>\
<circle cx="292" cy="249" r="5"/><circle cx="384" cy="118" r="5"/>\
<circle cx="405" cy="119" r="5"/><circle cx="560" cy="86" r="5"/></g>
</svg>
</div>"""
_ALERT: Final = """<div class="note {kind}" role="{role}">
<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="none">\
<circle cx="10" cy="10" r="7.6"/><path d="{sign}"/></svg>
<p><strong>{title}</strong> {words}</p>
</div>"""
_WRONG: Final = "M10 6v5M10 13.4v.2"
_TOLD: Final = "M10 9.2v5M10 6.6v.2"


def _page(title: str, body: str) -> str:
    return _SHELL.format(title=escape(title), style=STYLE_PATH, body=body, picture=_PICTURE)


def _note(title: str, words: str, *, wrong: bool) -> str:
    return _ALERT.format(
        kind="wrong" if wrong else "told",
        role="alert" if wrong else "status",
        sign=_WRONG if wrong else _TOLD,
        title=escape(title),
        words=escape(words),
    )


def _field(name: str, label: str, more: str, *, hint: str = "") -> str:
    described = f' aria-describedby="{name}-hint"' if hint else ""
    told = f'\n<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    return (
        f'<label for="{name}">{escape(label)}</label>\n'
        f'<input id="{name}" name="{name}" required {more}{described}>{told}'
    )


_NAME: Final = 'type="text" autocomplete="username" autocapitalize="none" spellcheck="false"'


def sign_in_page(
    action: str, *, name: str = "", wrong: tuple[str, str] | None = None, told: str = ""
) -> str:
    """The sign-in page. ``wrong``: a title and a sentence; ``told``: what happened before."""
    notes = _note(*wrong, wrong=True) if wrong else ""
    if told and not wrong:
        title, _, words = told.partition("\n")
        notes = _note(title, words, wrong=False)
    first, second = ("", " autofocus") if name else (" autofocus", "")
    return _page(
        "Sign in",
        f"""<p class="under">For the people who run the shop.</p>
{notes}
<form method="post" action="{escape(action)}">
{_field("username", "User name", f'{_NAME} value="{escape(name)}"{first}')}
{_field("password", "Password", f'type="password" autocomplete="current-password"{second}')}
<button type="submit">Sign in</button>
</form>
<p class="foot">Forgotten it? An admin sets a new one under Users.</p>""",
    )


def welcome_page(
    action: str, role: Role, *, name: str | None, typed: str = "", wrong: tuple[str, str] | None
) -> str:
    """The page of a one-time link. ``name`` is the invitation's, None for the first admin."""
    if name is None:
        title = "Make the first admin"
        under = "One account to begin with. It invites the others."
        who = _field("username", "User name", f'{_NAME} value="{escape(typed)}" autofocus')
    else:
        title = "Welcome"
        article = "a" if role is Role.VIEWER else "an"
        under = f"You are invited as {article} {role}. Choose a password and you are in."
        who = _field("username", "User name", f'{_NAME} value="{escape(name)}" readonly')
    start = "" if name is None else " autofocus"
    new = 'type="password" autocomplete="new-password" minlength="12"'
    hint = "At least 12 characters, any of them. A few words in a row are good, so is pasting."
    return _page(
        title,
        f"""<p class="under">{escape(under)}</p>
{_note(*wrong, wrong=True) if wrong else ""}
<form method="post" action="{escape(action)}">
{who}
{_field("password", "Password", new + start, hint=hint)}
{_field("again", "Password again", new)}
<button type="submit">Create and sign in</button>
</form>
<p class="foot">This link works once.</p>""",
    )


def sign_out_page(name: str, role: Role) -> str:
    """Asks before signing out, for who comes by a link."""
    return _page(
        "Sign out",
        f"""<p class="under">You are signed in as {escape(name)}, {escape(role)}.</p>
<form method="post" action="/logout">
<button type="submit" autofocus>Sign out</button>
</form>
<p class="foot"><a href="/">Back to the overview</a></p>""",
    )


def message_page(title: str, words: str) -> str:
    """A refusal or the like, with a way on."""
    return _page(
        title,
        f"""<p class="under">{escape(words)}</p>
<p class="foot"><a href="/">Go to the overview</a></p>""",
    )


@lru_cache(maxsize=1)
def style() -> str:
    """The stylesheet of these pages."""
    return (Path(__file__).parent / "plain.css").read_text(encoding="utf-8")
