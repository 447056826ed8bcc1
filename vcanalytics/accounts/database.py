"""The file of accounts."""

from __future__ import annotations

from typing import ClassVar, Final

from vcanalytics.accounts import schema
from vcanalytics.private_file import PrivateFile, Schema

FILE_NAME: Final = "accounts.db"


class Database(PrivateFile):
    """The open file of accounts, the same for the demo and a real shop."""

    file_name = FILE_NAME
    schema: ClassVar[Schema] = schema
    called = "accounts"
    made_by = "Start the console, or run `python -m vcanalytics user add NAME --role admin`"
