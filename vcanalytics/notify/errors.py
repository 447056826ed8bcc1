"""Why a message did not go out, in words for the person who looks at the dead-letter list."""

from __future__ import annotations

from vcanalytics.errors import ConsoleError


class SendError(ConsoleError):
    """A message could not be handed over.

    ``heals`` is true where another try may succeed; ``wait_s`` is how long the receiver asked for.
    """

    def __init__(
        self, what: str, *, where: str = "", heals: bool = True, wait_s: float | None = None
    ) -> None:
        super().__init__(what, where=where, heals=heals)
        self.wait_s = wait_s
