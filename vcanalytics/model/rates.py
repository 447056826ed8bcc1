"""How often may be asked, a minute: the rates that the web holds everybody to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a minute, counted apart from others. ``what`` says for whom, and of what."""

    name: str
    per_minute: int
    what: str = ""


#: One page loads some 120 files the first time; an office may stand behind one address.
ADDRESS: Final = Rate("address", 6_000, "requests from one address")
#: Accounts slow a guesser down long before. Welcome links likewise.
SIGN_IN: Final = Rate("sign-in", 60, "sign-in tries and welcome links from one address")
STRANGER: Final = Rate("stranger", 300, "requests without a good cookie or token, by address")
PRINCIPAL: Final = Rate("principal", 3_000, "requests of one user or token")
EXPORTS: Final = Rate("exports", 120, "files of one user or token")
INGEST: Final = Rate("ingest", 600, "batches of events of one user or token")
SOCKETS: Final = Rate("sockets", 240, "sockets opened by one user or token")
#: What is listed and told of; in this order.
RATES: Final = (ADDRESS, STRANGER, SIGN_IN, PRINCIPAL, EXPORTS, INGEST, SOCKETS)
#: The same refusal is written down so often: nobody is refused by it.
NOTED: Final = Rate("noted", 2, "the same refusal in the audit log")
