"""What a line of the download is: a payment, a refund, or something that is neither.

By PayPal's event code (T0006) where the download has that column, else by the type's name. A type
that is unknown counts as a payment or a refund only where its own line proves it: money that moved
the balance, from an address; money that went to one and names the payment it belongs to.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from vcanalytics.paypal.header import plain


class Kind(StrEnum):
    """What a line is. REFUND also of what was taken back: reversals, chargebacks, and their end.

    ITEM: a line of a shopping cart, which repeats part of its payment. OTHER: a payment of the
    shop's own, and what nobody knows.
    """

    PAYMENT = "payment"
    REFUND = "refund"
    FEE = "fee"
    HOLD = "hold"
    AUTHORISATION = "authorisation"
    CONVERSION = "conversion"
    TRANSFER = "transfer"
    ITEM = "item"
    OTHER = "other"


class State(StrEnum):
    """Whether the money moved: done, still to come, or never."""

    DONE = "done"
    PENDING = "pending"
    VOID = "void"


#: By the first letters of the event code, the longest first.
_EVENTS: Final = {
    "T1105": Kind.HOLD,
    "T1106": Kind.REFUND,
    "T1107": Kind.REFUND,
    "T1108": Kind.FEE,
    "T1109": Kind.FEE,
    "T1110": Kind.HOLD,
    "T1111": Kind.HOLD,
    "T1114": Kind.REFUND,
    "T1116": Kind.REFUND,
    "T1201": Kind.REFUND,
    "T1202": Kind.REFUND,
    "T1205": Kind.REFUND,
    "T1207": Kind.REFUND,
    "T1208": Kind.REFUND,
    "T00": Kind.PAYMENT,
    "T01": Kind.FEE,
    "T02": Kind.CONVERSION,
    "T03": Kind.TRANSFER,
    "T04": Kind.TRANSFER,
    "T05": Kind.OTHER,
    "T07": Kind.TRANSFER,
    "T13": Kind.AUTHORISATION,
    "T15": Kind.HOLD,
    "T17": Kind.TRANSFER,
    "T20": Kind.TRANSFER,
    "T21": Kind.HOLD,
}
_NAMES: Final = {
    Kind.PAYMENT: """
        Express Checkout Payment|Website Payment|General Payment|Mobile Payment
        |Subscription Payment|PreApproved Payment Bill User Payment
        |Pre-approved Payment Bill User Payment|eBay Auction Payment|Donation Payment
        |Direct Credit Card Payment|Virtual Terminal Payment|Web Accept Payment Received
        |Payment Received|Express Checkout Payment Received|Shopping Cart Payment Received
        |PayPal Express-Zahlung|Allgemeine Zahlung|Website-Zahlung|Handyzahlung
        |Zahlung im Einzugsverfahren mit Zahlungsrechnung
        |Paiement Express Checkout|Paiement standard|Paiement de don
        |Paiement préapprouvé d'un utilisateur de facture de paiement
    """,
    Kind.REFUND: """
        Payment Refund|Refund|Payment Reversal|Chargeback|Chargeback Reversal|Reversal
        |Instant Payment Review (IPR) reversal|Rückzahlung|Remboursement de paiement
    """,
    Kind.FEE: """
        Chargeback Fee|Dispute Fee|Partner Fee|Payment Fee|Fee Reversal|General Fee
        |Chargeback Processing Fee
    """,
    Kind.HOLD: """
        Account Hold for Open Authorization|Account Hold for Open Authorisation
        |Reversal of General Account Hold|Hold on Available Balance|Payment Hold|Payment Release
        |Payment Review Hold|Payment Review Release|General Hold|General Hold Release|Reserve Hold
        |Reserve Release|Hold on Balance for Dispute Investigation
        |Cancellation of Hold for Dispute Resolution|Tax Hold|Tax Release
        |Einbehaltung für offene Autorisierung|Rückbuchung allgemeiner Einbehaltung
        |Allgemeine Einbehaltung|Freigabe allgemeiner Einbehaltung
        |Suspension de paiement|Déblocage de paiement|Solde suspendu pour enquête sur un litige
        |Annulation de la suspension pour résolution du litige
    """,
    Kind.AUTHORISATION: """
        General Authorization|General Authorisation|Authorization|Authorisation
        |Void of Authorization|Void of Authorisation|Order|Allgemeine Autorisierung
    """,
    Kind.CONVERSION: """
        General Currency Conversion|User Initiated Currency Conversion|Currency Conversion
        |Allgemeine Währungsumrechnung
    """,
    Kind.TRANSFER: """
        General Withdrawal|General Withdrawal - Bank Account|General Withdrawal - Bank Transfer
        |User Initiated Withdrawal|Auto-sweep|Bank Deposit to PP Account|General Card Deposit
        |General Credit Card Deposit|General Card Withdrawal|General Credit Card Withdrawal
        |Reversal of ACH Deposit|Reversal of ACH Withdrawal Transaction
        |Allgemeine Abbuchung|Von Nutzer eingeleitete Abbuchung|Bankgutschrift auf PayPal-Konto
        |Allgemeine Gutschrift auf Kreditkarte|Allgemeine Abbuchung von Kreditkarte
        |Überweisung als Zahlungsquelle|Rückbuchung von ACH-Gutschrift
        |Virement bancaire sur le compte PayPal|Retrait initié par l'utilisateur|Virement standard
    """,
    Kind.ITEM: "Shopping Cart Item|Warenkorbartikel",
    Kind.OTHER: """
        Mass Pay Payment|Tax collected by partner|General Account Correction|General Bonus
        |Coupon Redemption|Postage Payment|Invoice Sent|Invoice Received|Rechnung gesendet
    """,
}
_TYPES: Final = {plain(name): kind for kind, names in _NAMES.items() for name in names.split("|")}
_STATES: Final = {
    State.DONE: """
        Completed|Cleared|Refunded|Partially Refunded|Reversed|Paid|Abgeschlossen|Terminé
    """,
    State.PENDING: """
        Pending|Held|Uncleared|Unclaimed|Processing|Placed|Active|Created|In Progress|On Hold
        |Under Review|Ausstehend|En attente
    """,
    State.VOID: """
        Denied|Canceled|Cancelled|Expired|Failed|Removed|Returned|Rejected|Voided|Unpaid|Entfernt
    """,
}
_STATUSES: Final = {
    plain(name): state for state, names in _STATES.items() for name in names.split("|")
}
_MOVED: Final = frozenset(plain(name) for name in ("Credit", "Debit", "Haben", "Soll"))
_MEMO: Final = plain("Memo")


@lru_cache(maxsize=4_096)
def state_of(status: str, impact: str) -> State:
    """Whether the money moved; a status that is unknown is told by the balance, else is pending."""
    word, effect = plain(status), plain(impact)
    known = _STATUSES.get(word)
    if known is None:
        # The monthly statement has no status: it lists what moved the balance alone.
        known = State.DONE if not word or effect in _MOVED else State.PENDING
    return State.PENDING if known is State.DONE and effect == _MEMO else known


@lru_cache(maxsize=4_096)
def is_known(kind: str, event: str) -> bool:
    """Whether the type's name or the event code is known."""
    return _by_event(event) is not None or plain(kind) in _TYPES


def kind_of(
    kind: str, event: str, *, gross: Decimal, state: State, address: str, reference: str
) -> Kind:
    """What a line is, by the name of its type, its event code, and what proves it."""
    found = _TYPES.get(plain(kind))
    if found is not Kind.ITEM:
        found = _by_event(event) or found
    if found is None:
        moved = state is State.DONE and bool(address)
        if moved and gross > 0 and not reference:
            found = Kind.PAYMENT
        elif moved and gross < 0 and reference:
            found = Kind.REFUND
    if found is Kind.PAYMENT and gross < 0:
        # The shop paid for something itself.
        return Kind.OTHER
    return found or Kind.OTHER


@lru_cache(maxsize=4_096)
def _by_event(event: str) -> Kind | None:
    code = event.strip().upper()
    return _EVENTS.get(code) or _EVENTS.get(code[:3])
