"""Answers about files, kept in the reader's process: files never change, so neither do these.

What a piece of history comes to is worked out once and then stands for all viewers, whatever range
they ask for, until its files are gone. An answer hangs on nothing but its key.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple, Protocol, TypeAlias

#: A year of one question by the day is some 3 MB of it.
BYTES_MAX: Final = 64 * 1024 * 1024
#: What holds a key and its answer, beside the answer itself.
_EACH: Final = 600


class Sized(Protocol):
    """An answer that knows how much memory it takes."""

    @property
    def nbytes(self) -> int: ...


class Key(NamedTuple):
    """What an answer hangs on: a question, the files it was made of, and all its parameters."""

    question: str
    files: tuple[str, ...]
    params: Hashable


Made: TypeAlias = Iterator[tuple[Key, Sized]]


class Kept:
    """A bounded number of bytes of answers, the least lately used let go. Shared by all threads."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._answers: OrderedDict[Key, Sized] = OrderedDict()
        self._bytes = 0
        self._begun: dict[Key, Future[Sized | None]] = {}
        self._there: dict[str, frozenset[str]] = {}

    @property
    def nbytes(self) -> int:
        """How much memory it takes now."""
        return self._bytes

    @property
    def files(self) -> set[str]:
        """The files of which anything is kept."""
        with self._lock:
            return {file for key in self._answers for file in key.files}

    def only(self, question: str, files: Iterable[str]) -> None:
        """Let go of a question's answers about other files than these: those are gone."""
        there = frozenset(files)
        with self._lock:
            if self._there.get(question) == there:
                return
            self._there[question] = there
            for key in [key for key in self._answers if key.question == question]:
                if not there.issuperset(key.files):
                    self._bytes -= self._answers.pop(key).nbytes + _EACH

    def answers(
        self,
        keys: Sequence[Key],
        make: Callable[[list[Key]], Made],
        wait: Callable[[Future[Sized | None]], Sized | None],
    ) -> dict[Key, Sized]:
        """The answer of every key; ``make`` is asked for those that nobody has or is making.

        It gives them one by one, so that what is there when it fails is kept. ``wait`` is asked for
        what others are making, None where they failed, and raises when it has waited enough.
        """
        found: dict[Key, Sized] = {}
        while True:
            mine, others = self._share_out(keys, found)
            if not mine and not others:
                return found
            try:
                for key, answer in make(mine) if mine else ():
                    found[key] = answer
                    self._keep(key, answer)
            finally:
                self._give_up(mine)
            for key, begun in others.items():
                answer_of_others = wait(begun)
                if answer_of_others is not None:
                    found[key] = answer_of_others

    def _share_out(
        self, keys: Sequence[Key], found: dict[Key, Sized]
    ) -> tuple[list[Key], dict[Key, Future[Sized | None]]]:
        """What is kept goes into ``found``; of the rest, what is mine to make, and what others'."""
        mine: list[Key] = []
        others: dict[Key, Future[Sized | None]] = {}
        with self._lock:
            for key in keys:
                if key in found:
                    continue
                answer = self._answers.get(key)
                if answer is not None:
                    self._answers.move_to_end(key)
                    found[key] = answer
                elif key in self._begun:
                    others[key] = self._begun[key]
                else:
                    self._begun[key] = Future()
                    mine.append(key)
        # Who asks for the same twice waits for nobody.
        return mine, {key: begun for key, begun in others.items() if key not in set(mine)}

    def _keep(self, key: Key, answer: Sized) -> None:
        with self._lock:
            self._answers[key] = answer
            self._bytes += answer.nbytes + _EACH
            while self._bytes > self._bytes_max:
                _, oldest = self._answers.popitem(last=False)
                self._bytes -= oldest.nbytes + _EACH
            begun = self._begun.pop(key, None)
        if begun is not None:
            begun.set_result(answer)

    def _give_up(self, mine: Sequence[Key]) -> None:
        """What was begun and came to nothing: who waits for it makes it."""
        with self._lock:
            left = [self._begun.pop(key) for key in mine if key in self._begun]
        for begun in left:
            begun.set_result(None)
