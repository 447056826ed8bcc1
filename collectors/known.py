"""What the collector last saw of each source row, in 16 bytes a row.

A million rows as a dict would take 150 MB; two sorted arrays take 16. What changed since they were
built stands in a small dict over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xxhash

_MERGE_AT: Final = 5_000
_IDS = npt.NDArray[np.int64]


def fingerprint(row: tuple[Any, ...]) -> int:
    """64 bits of a row's whole content, the same in every process."""
    digest = xxhash.xxh3_64_intdigest(repr(row).encode("utf-8", "surrogateescape"))
    return digest - (1 << 64) if digest >> 63 else digest


class Known:
    """Fingerprint by source id."""

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._ids: _IDS = np.empty(0, np.int64)
        self._fingerprints: _IDS = np.empty(0, np.int64)
        # None marks a row that is gone.
        self._recent: dict[int, int | None] = {}
        self._fold(np.array(list(pairs), np.int64).reshape(-1, 2))

    def _fold(self, pairs: npt.NDArray[np.int64]) -> None:
        order = np.argsort(pairs[:, 0], kind="stable")
        self._ids, self._fingerprints = pairs[order, 0].copy(), pairs[order, 1].copy()

    def __len__(self) -> int:
        standing = sum(1 for f in self._recent.values() if f is not None)
        replaced = np.isin(self._ids, list(self._recent)).sum() if self._recent else 0
        return len(self._ids) - int(replaced) + standing

    @property
    def top(self) -> int:
        """The highest id, 0 where none is known."""
        highest = max((i for i, f in self._recent.items() if f is not None), default=0)
        at = len(self._ids) - 1
        while at >= 0 and int(self._ids[at]) in self._recent:
            at -= 1
        return max(highest, int(self._ids[at]) if at >= 0 else 0)

    def put(self, row_id: int, fingerprint: int | None) -> None:
        """Remember a row, or with None that it is gone."""
        self._recent[row_id] = fingerprint
        if len(self._recent) > _MERGE_AT:
            self._merge()

    def get(self, row_ids: Sequence[int]) -> list[int | None]:
        """The fingerprint of each id, None where it is not known."""
        if not row_ids:
            return []
        wanted = np.fromiter(row_ids, np.int64, len(row_ids))
        if len(self._ids):
            at = np.minimum(np.searchsorted(self._ids, wanted), len(self._ids) - 1)
            hits = self._ids[at] == wanted
            found = [
                int(f) if hit else None for f, hit in zip(self._fingerprints[at], hits, strict=True)
            ]
        else:
            found = [None] * len(row_ids)
        recent = self._recent
        return [recent.get(i, f) for i, f in zip(row_ids, found, strict=True)]

    def between(self, after: int, to: int | None) -> list[int]:
        """Known ids in (after, to], all above ``after`` where ``to`` is None."""
        low = int(np.searchsorted(self._ids, after, side="right"))
        high = len(self._ids) if to is None else int(np.searchsorted(self._ids, to, side="right"))
        ids = set(self._ids[low:high].tolist())
        for row_id, fingerprint in self._recent.items():
            if row_id > after and (to is None or row_id <= to):
                if fingerprint is None:
                    ids.discard(row_id)
                else:
                    ids.add(row_id)
        return sorted(ids)

    def _merge(self) -> None:
        if not self._recent:
            return
        gone = np.fromiter(self._recent, np.int64, len(self._recent))
        keep = ~np.isin(self._ids, gone)
        alive = [(i, f) for i, f in self._recent.items() if f is not None]
        pairs = np.concatenate(
            [
                np.column_stack([self._ids[keep], self._fingerprints[keep]]),
                np.array(alive, np.int64).reshape(-1, 2),
            ]
        )
        self._recent.clear()
        self._fold(pairs)
