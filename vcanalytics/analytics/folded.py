"""What questions that fold messages are asked with: see ``folds.sql``."""

from __future__ import annotations

from typing import Any, Final

from vcanalytics.model.messages import CHARS_MAX, FOLDS

#: The parameters of ``folds.sql``.
PARAMS: Final[dict[str, Any]] = {
    **{f"fold_{i}": pattern for i, (pattern, _) in enumerate(FOLDS, 1)},
    **{f"put_{i}": put for i, (_, put) in enumerate(FOLDS, 1)},
    "chars": CHARS_MAX,
}
