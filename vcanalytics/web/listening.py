"""What the server's own sockets need and nobody else gives them."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: One viewer takes four: a socket, and Streamlit's event loop for their session.
FILES_WANTED: Final = 8_192
#: How long a peer may take nothing of what waits for it, or not answer at all.
DEAF_S: Final = 30.0
_OPEN_FILES: Final = Path("/proc/self/fd")


def make_room() -> int:
    """Let this process hold as many files as its viewers need, as far as the host allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def _listening() -> Iterator[socket.socket]:
    for path in _OPEN_FILES.iterdir() if _OPEN_FILES.is_dir() else ():
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(path.name)).st_mode):
                with socket.socket(fileno=os.dup(int(path.name))) as found:
                    if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        yield found


def give_up_on_the_deaf() -> int:
    """Have whoever connects cut off when they take nothing for ``DEAF_S``; how many sockets.

    Who reads nothing holds the server's buffer for them, and its closing waits for that to be
    taken: without this it would wait for ever.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:
        return 0
    done = 0
    for found in _listening():
        with contextlib.suppress(OSError):
            found.setsockopt(socket.IPPROTO_TCP, option, round(DEAF_S * 1000))
            done += 1
    return done


def answer_at_once() -> int:
    """Switch Nagle's algorithm off for whoever connects; how many sockets that were.

    Streamlit opens its listening socket without a protocol number, so that asyncio takes what it
    accepts for no TCP and leaves Nagle on. An answer's head and body leave in two writes: the
    second waits for the browser to acknowledge the first, 40 ms later.
    """
    done = 0
    for found in _listening():
        with contextlib.suppress(OSError):
            # Linux hands the option on to what is accepted.
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            done += 1
    return done
