"""An app within the app, put together when it is first asked for.

Its caches want Streamlit's runtime, which is not there yet when the console's app is.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class Later:
    """Passes all on to what ``make`` makes, once."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._made: ASGIApp | None = None

    def made(self) -> ASGIApp:
        """The app; it is made where it is not yet."""
        if self._made is None:
            self._made = self._make()
        return self._made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.made()(scope, receive, send)
