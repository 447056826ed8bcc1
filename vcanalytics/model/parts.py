"""How a difference of two periods is parted: into what, and in which unit."""

from __future__ import annotations

from typing import Final

#: What is parted is net revenue; otherwise attempts (state) or failed payments (error).
MONEY: Final = frozenset({"price", "hour", "weekday"})
#: The part of refunds among prices: it takes away.
REFUNDS: Final = "refunds"
