"""The shim before the C library, where there is a compiler; without one there is none, and told."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("shim.c")


def built(folder: Path) -> dict[str, str]:
    """What an actor's environment needs for the shim, nothing where it cannot be had."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    library = folder / "shim.so"
    if not library.exists():
        made = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"],
            capture_output=True,
            check=False,
        )
        if made.returncode:
            return {}
    return {"LD_PRELOAD": str(library)}


def arm(calls: int, error: int, *, lasting: bool) -> bool:
    """Have this process's ``calls``-th writing call fail, or kill it; whether that can be done."""
    if "LD_PRELOAD" not in os.environ:
        return False
    try:
        arm = ctypes.CDLL(None).torture_arm
    except AttributeError:
        return False
    arm(ctypes.c_long(calls), ctypes.c_int(error), ctypes.c_int(lasting))
    return True
