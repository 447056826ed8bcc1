"""The file ``paypal.db``, in the folder of the store: PayPal's side of one shop's payments.

A file of its own: an import writes a million rows in one transaction, which the watchman's journal
must never wait for, and it holds customers' addresses, which the journal never does.
"""

from __future__ import annotations

from typing import ClassVar, Final

from vcanalytics.paypal import tables
from vcanalytics.private_file import PrivateFile, Schema

FILE_NAME: Final = "paypal.db"


class PayPal(PrivateFile):
    """The open file. Safe to share between threads; processes open their own."""

    file_name = FILE_NAME
    schema: ClassVar[Schema] = tables
    called = "PayPal rows"
    made_by = "Import a download: `python -m vcanalytics paypal import FILE`"
