"""What the tables of all subjects belong to, and the record of migrations.

Instants are integers, microseconds since 1970 UTC, in every table.
"""

from __future__ import annotations

from sqlalchemy import MetaData

from vcanalytics.migrations import record_table

metadata = MetaData()
migration = record_table(metadata)
