"""Limits VectorCraft itself uses to call something slow, failing or full."""

from __future__ import annotations

from typing import Final

#: Response times of requests, in ms.
RESPONSE_P95_MS: Final = 200.0
RESPONSE_MEAN_MS: Final = 100.0
#: A query slower than this is a slow one, in ms.
QUERY_MS: Final = 50.0
#: PayPal's API is down or as good as down above this, in ms.
PAYPAL_MS: Final = 5_000.0
#: Share of requests that may fail.
ERROR_RATE: Final = 0.05
#: Shares of the host in use, in percent.
CPU_PERCENT: Final = 80.0
MEMORY_PERCENT: Final = 85.0
