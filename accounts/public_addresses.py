"""Which IP addresses belong to the public internet: the only ones that a URL typed by a user may resolve to."""

from __future__ import annotations

import ipaddress
import socket

# IANA's registries of special-purpose addresses. IPv6 outside 2000::/3 is never a public host: that leaves out NAT64
# (64:ff9b::/96, 64:ff9b:1::/48), IPv4-mapped and -compatible, link- and site-local, unique local and multicast.
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)
SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)


def is_public(address: str) -> bool:
    """Whether the address is one of a public host, not of our own network by any detour (RFC 6890).

    Addresses that embed an IPv4 address are refused, whichever it is: a translator in our network would extract it.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None or ip not in PUBLIC_V6:
            return False
        return ip.is_global and not any(ip in network for network in SPECIAL_V6)
    return ip.is_global and not any(ip in network for network in SPECIAL_V4)


def literal_address(host: str) -> str | None:
    """The IP address that a host denotes, in any notation that resolvers accept (127.1, 0x7f000001, 017700000001,
    ::1).

    None if the host is a name.
    """
    try:
        resolved = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return str(resolved[0][4][0])
