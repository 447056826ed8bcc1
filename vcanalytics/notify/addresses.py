"""Where a message may go: names are looked up once, every address is checked, and that one is used.

A webhook's address is typed by whoever may write the rules file, and its name is answered by a
stranger's DNS. Neither may lead the console to services inside its own network.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from vcanalytics.notify.errors import SendError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Looks a name up: all its addresses as text. Raises OSError where there are none.
Lookup: TypeAlias = Callable[[str, int], Sequence[str]]

#: Networks whose IPv6 addresses hold one of IPv4 that is reached in the end (NAT64).
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
#: Answered by the clouds' metadata services, although they are no link-local addresses.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)


def look_up(host: str, port: int) -> list[str]:
    """What the host's resolver says. Odd spellings of IPv4 (0x7f.1, 2130706433) end up plain."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one: that is where packets go."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def why_not(address: Address, *, allow_private: bool) -> str | None:
    """Why nothing may be sent there; None where it may."""
    inner = unwrapped(address)
    if inner.is_unspecified or inner.is_multicast:
        return "is no address of a host"
    if inner.is_link_local or inner in _METADATA:
        # Also with allow_private: here sit the services that hand out a cloud's keys.
        return "is a link-local or metadata address"
    if inner.is_loopback:
        return None if allow_private else "is this host's own (loopback) address"
    if inner.is_reserved:
        return "is a reserved address"
    if inner.is_private:
        return None if allow_private else "is a private address"
    if not inner.is_global:
        return None if allow_private else "is no public address"
    return None


def checked(
    host: str, port: int, *, allow_private: bool, lookup: Lookup = look_up
) -> tuple[Address, ...]:
    """The addresses of ``host`` to connect to, every one of them allowed.

    One that is not allowed refuses them all: a name that means both is not to be trusted. Raises
    SendError, which heals where the name could not be looked up.
    """
    try:
        texts = lookup(host, port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SendError(f"the name cannot be looked up: {reason}", where=host) from None
    found = []
    for text in texts:
        # A scope (fe80::1%eth0) is the interface's, not the address's.
        address = ipaddress.ip_address(text.partition("%")[0])
        if (reason := why_not(address, allow_private=allow_private)) is not None:
            raise SendError(
                f"refused: {address} {reason}; `allow_private = true` in the channel allows"
                " private and loopback addresses",
                where=host,
                heals=False,
            )
        found.append(address)
    if not found:
        raise SendError("the name has no address", where=host)
    return tuple(found)
