"""PayPal's activity download, as PayPal writes it.

download = Download()
download.payment("8AB12345CD678901E", at="2026-11-20 09:00:00", gross="49.00", payer="a@b.c")
download.write(tmp_path / "Download.CSV")
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from vcanalytics.paypal.database import PayPal
from vcanalytics.paypal.importing import Outcome, bring_in, staged

NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
COLUMNS: Final = (
    "Date",
    "Time",
    "TimeZone",
    "Name",
    "Type",
    "Status",
    "Currency",
    "Gross",
    "Fee",
    "Net",
    "From Email Address",
    "To Email Address",
    "Transaction ID",
    "Shipping Address",
    "Item Title",
    "Reference Txn ID",
    "Invoice Number",
    "Custom Number",
    "Balance",
    "Balance Impact",
)
SHOP: Final = "shop@vectorcraft.example"


@dataclass
class Download:
    """The lines of a download; each is a dictionary of its cells."""

    zone: str = "UTC"
    columns: tuple[str, ...] = COLUMNS
    lines: list[dict[str, str]] = field(default_factory=list)

    def line(self, number: str, kind: str, *, at: str, gross: str, **cells: str) -> None:
        """A line; ``at`` is in UTC, cells are named like columns with ``_`` for a blank."""
        zone = ZoneInfo("UTC" if self.zone in {"", "GMT"} else self.zone)
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(zone)
        out = gross.startswith("-")
        self.lines.append(
            {
                "Date": moment.strftime("%m/%d/%Y"),
                "Time": moment.strftime("%H:%M:%S"),
                "TimeZone": self.zone,
                "Name": "Ann Example",
                "Type": kind,
                "Status": "Completed",
                "Currency": "USD",
                "Gross": gross,
                "Fee": "0.00",
                "Net": gross,
                "From Email Address": SHOP if out else "ann@example.com",
                "To Email Address": "ann@example.com" if out else SHOP,
                "Transaction ID": number,
                "Balance": "...",
                "Balance Impact": "Debit" if out else "Credit",
            }
            | {name.replace("_", " "): cell for name, cell in cells.items()}
        )

    def payment(
        self,
        number: str,
        *,
        at: str,
        gross: str = "49.00",
        payer: str = "ann@example.com",
        **more: str,
    ) -> None:
        cells = {"Fee": "-1.92", "Net": f"{float(gross.replace(',', '')) - 1.92:.2f}"}
        cells |= {"From_Email_Address": payer} | more
        self.line(number, "Express Checkout Payment", at=at, gross=gross, **cells)

    def refund(self, number: str, of: str, *, at: str, gross: str = "-49.00", **more: str) -> None:
        self.line(number, "Payment Refund", at=at, gross=gross, Reference_Txn_ID=of, **more)

    def text(self, delimiter: str = ",", *, quoting: Literal[0, 1] = csv.QUOTE_ALL) -> str:
        out = io.StringIO()
        writer = csv.DictWriter(
            out,
            self.columns,
            restval="",
            extrasaction="ignore",
            delimiter=delimiter,
            quoting=quoting,
        )
        writer.writeheader()
        writer.writerows(self.lines)
        return out.getvalue()

    def write(self, path: Path, encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
        path.write_bytes(self.text(delimiter).encode(encoding))
        return path


def bring(database: PayPal, path: Path, zone: str = "UTC", now: datetime = NOW) -> Outcome:
    """Import a file."""
    with staged(path, path.name, zone=ZoneInfo(zone)) as download:
        return bring_in(database, download, now=now, by="asha")
