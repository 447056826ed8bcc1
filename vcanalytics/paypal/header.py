"""The columns of PayPal's activity download, by the names it gives them in three languages.

The names are those of files that PayPal made, as other readers of its downloads quote them. Older
and newer downloads, and the monthly statement, name some of them differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from vcanalytics.errors import UsageError


class Field(StrEnum):
    """What is read of a line; the value is the column's English name."""

    DATE = "Date"
    TIME = "Time"
    ZONE = "TimeZone"
    TYPE = "Type"
    STATUS = "Status"
    CURRENCY = "Currency"
    GROSS = "Gross"
    FEE = "Fee"
    NET = "Net"
    FROM = "From Email Address"
    TO = "To Email Address"
    ID = "Transaction ID"
    REFERENCE = "Reference Txn ID"
    INVOICE = "Invoice Number"
    CUSTOM = "Custom Number"
    IMPACT = "Balance Impact"
    EVENT = "Transaction Event Code"


#: Without these a line says too little. All others may be missing.
NEEDED: Final = (Field.DATE, Field.TIME, Field.TYPE, Field.CURRENCY, Field.GROSS, Field.ID)

_ENGLISH: Final = {field.value: field for field in Field} | {
    "Time Zone": Field.ZONE,
    "Description": Field.TYPE,
    "Invoice ID": Field.INVOICE,
    "Fees": Field.FEE,
}
_GERMAN: Final = {
    "Datum": Field.DATE,
    "Uhrzeit": Field.TIME,
    "Zeitzone": Field.ZONE,
    "Typ": Field.TYPE,
    "Beschreibung": Field.TYPE,
    "Status": Field.STATUS,
    "Währung": Field.CURRENCY,
    "Brutto": Field.GROSS,
    "Gebühr": Field.FEE,
    "Entgelt": Field.FEE,
    "Netto": Field.NET,
    "Absender E-Mail-Adresse": Field.FROM,
    "Empfänger E-Mail-Adresse": Field.TO,
    "Transaktionscode": Field.ID,
    "Zugehöriger Transaktionscode": Field.REFERENCE,
    "Txn-Referenzkennung": Field.REFERENCE,
    "Rechnungsnummer": Field.INVOICE,
    "Zollnummer": Field.CUSTOM,
    "Individuelle Nummer": Field.CUSTOM,
    "Auswirkung auf Guthaben": Field.IMPACT,
    "Transaktionsereigniscode": Field.EVENT,
}
_FRENCH: Final = {
    "Date": Field.DATE,
    "Heure": Field.TIME,
    "Fuseau horaire": Field.ZONE,
    "Type": Field.TYPE,
    "Description": Field.TYPE,
    "État": Field.STATUS,
    "Devise": Field.CURRENCY,
    "Avant commission": Field.GROSS,
    "Brut": Field.GROSS,
    "Commission": Field.FEE,
    "Frais": Field.FEE,
    "Net": Field.NET,
    "De l'adresse email": Field.FROM,
    "Adresse email de l'expéditeur": Field.FROM,
    "À l'adresse email": Field.TO,
    "Numéro de transaction": Field.ID,
    "Numéro de la transaction de référence": Field.REFERENCE,
    "Nº de transaction de référence": Field.REFERENCE,
    "Numéro de facture": Field.INVOICE,
    "Identifiant de facture": Field.INVOICE,
    "Nº de facture": Field.INVOICE,
    "Numéro de client": Field.CUSTOM,
    "Nº de client": Field.CUSTOM,
    "Impact sur le solde": Field.IMPACT,
    "Code de transaction": Field.EVENT,
}
_LANGUAGES: Final = {"English": _ENGLISH, "German": _GERMAN, "French": _FRENCH}
_DELIMITERS: Final = (",", ";", "\t")
_SHOWN: Final = 45
_NAME_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Header:
    """Where each field stands in a line, and the language the file is in."""

    language: str
    delimiter: str
    places: dict[Field, int]


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A name without what differs between downloads: case, quotes, blanks around and within."""
    return " ".join(name.strip().strip('"').replace("\u2019", "'").split()).casefold()


_KNOWN: Final = {
    language: {plain(name): field for name, field in names.items()}
    for language, names in _LANGUAGES.items()
}


def read(line: Sequence[str], delimiter: str) -> Header:
    """The columns that ``line`` names, in the language that knows most of them."""
    best = Header("English", delimiter, {})
    for language, known in _KNOWN.items():
        places: dict[Field, int] = {}
        for at, name in enumerate(line):
            field = known.get(plain(name))
            if field is not None:
                # A name that comes twice: the first is the one meant.
                places.setdefault(field, at)
        if len(places) > len(best.places):
            best = Header(language, delimiter, places)
    return best


def delimiters(line: str) -> list[str]:
    """What may part the cells of a header line, the likeliest first."""
    return sorted(_DELIMITERS, key=lambda sign: -line.count(sign))


def check(header: Header, line: Sequence[str], where: str) -> None:
    """Raise UsageError where a column that is needed is missing, naming it and those found."""
    missing = [field for field in NEEDED if field not in header.places]
    if Field.TYPE in missing and Field.EVENT in header.places:
        missing.remove(Field.TYPE)
    if not missing:
        return
    found = [" ".join(name.split())[:_NAME_SHOWN] for name in line if name.strip()]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise UsageError(
        f"columns are missing: {', '.join(missing)}. Found: {', '.join(found[:_SHOWN])}{more}",
        where=where,
        hint=(
            "Download it anew from PayPal (Activity, All reports, Activity download) as CSV, in"
            " English, German or French, with these columns"
        ),
    )
