"""Memory that was freed, given back to the host."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Hand what a first read, a sealing or a question left free back to the host: some 30 MB."""
    # glibc keeps it otherwise; other libraries have no such call, and need none.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
