"""A thread that waits for a browser's word goes on with it, and without it in time."""

from __future__ import annotations

from threading import Event, Thread

from vcanalytics import painted


def test_a_word_said_before_anybody_waits_is_not_waited_for() -> None:
    word = painted.expect()
    painted.say(word)
    assert painted.wait(word, 60)


def test_a_word_ends_the_wait_of_its_thread_alone() -> None:
    mine, other = painted.expect(), painted.expect()
    assert mine != other
    found: list[bool] = []
    begun = Event()

    def wait() -> None:
        begun.set()
        found.append(painted.wait(mine, 60))

    thread = Thread(target=wait)
    thread.start()
    assert begun.wait(60)
    painted.say(mine)
    thread.join(60)
    assert found == [True]
    assert not painted.wait(other, 0)


def test_what_nobody_expects_changes_nothing() -> None:
    word = painted.expect()
    for said in ("", "x" * 10_000, word + "x"):
        painted.say(said)
    assert not painted.wait(word, 0)
    # It was waited for: said once more, or waited for again, it is one that nobody expects.
    painted.say(word)
    assert not painted.wait(word, 60)


def test_words_that_nobody_waits_for_are_forgotten_the_oldest_first() -> None:
    first = painted.expect()
    words = [painted.expect() for _ in range(1_000)]
    for word in (first, *words):
        painted.say(word)
    assert not painted.wait(first, 60)
    assert painted.wait(words[0], 60)
    assert painted.wait(words[-1], 60)
    for word in words:
        painted.wait(word, 0)
