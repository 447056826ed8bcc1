"""What an actor of the torture is given, and where each is at home."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

#: A room has ``STEPS``, the steps that the product names; ``CALLS``, those of the file system that
#: it goes through; ``act(task)``, the actor's work in a process of its own; and ``play(store)``,
#: what the harness does in one of its rounds (none where another's round has it).
ROOMS: Final = {
    "writer": "writing",
    "sealer": "sealing",
    "forgetter": "forgetting",
    "merger": "merging",
    "retention": "retiring",
    "bookkeeper": "booking",
    "filler": "filling",
    "backup": "backing_up",
    "restore": "restoring",
}


@dataclass(frozen=True, slots=True)
class Task:
    """Where, when, and whom to tell each step."""

    data_dir: Path
    now: datetime
    step: Callable[[str], None]
    options: Mapping[str, str] = field(default_factory=dict)


def prepare() -> None:
    """Import every room."""
    for name in ROOMS:
        steps(name)


def room(name: str) -> Any:
    """The actor's module."""
    return importlib.import_module(f"tests.torture.{ROOMS[name]}")


def act(name: str, task: Task) -> None:
    """Do the actor's work once. Raises what the product raises."""
    room(name).act(task)


def steps(name: str) -> tuple[str, ...]:
    """Every step of an actor."""
    return (*room(name).STEPS, *room(name).CALLS)
