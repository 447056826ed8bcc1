"""The commands, called in this process on a store of their own.

store = Store(tmp_path / "data")
store.keep(shop)                           # what the shop holds, seen at NOW
store.ask("revenue", "--format", "csv")    # exit_code, stdout, stderr
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner, Result

from tests import stored
from tests.shop import Shop
from vcanalytics.__main__ import main
from vcanalytics.store import Catalogue

#: The commands' clock, and when the shop was read.
NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Store:
    """A data directory and the settings the commands are called with."""

    data_dir: Path
    url: str = ""
    env: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW

    def keep(self, shop: Shop) -> None:
        """Read the shop as it is now."""
        self.url = shop.url
        catalogue = Catalogue.open(self.data_dir)
        stored.keep(shop.path, catalogue, self.now)
        catalogue.close()

    def ask(self, *args: str) -> Result:
        env = {"VC_DATA_DIR": str(self.data_dir), "VC_SOURCE_URL": self.url} | self.env
        return CliRunner().invoke(main, args, env=env, obj=lambda: self.now)

    def text(self, *args: str) -> str:
        """What is printed; the command must succeed and say nothing else."""
        result = self.ask(*args)
        assert (result.exit_code, result.stderr) == (0, "")
        # Not result.stdout, which takes \r\n for a line end of its own.
        return result.stdout_bytes.decode("utf-8")

    def csv(self, *args: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.text(*args, "--format", "csv"), newline="")))

    def json(self, *args: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.text(*args, "--format", "json"))
        return rows

    def error(self, *args: str) -> tuple[int, str]:
        """The status and the one line of a command that must fail and print nothing else."""
        result = self.ask(*args)
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        assert result.stderr.startswith("vcanalytics: ")
        assert result.stderr.endswith("\n")
        assert result.stderr.count("\n") == 1
        return result.exit_code, result.stderr.removeprefix("vcanalytics: ").rstrip("\n")
