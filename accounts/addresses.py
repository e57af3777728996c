"""What an address counts as: every limit by address asks here."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

SUBNET_BITS = 64  # the smallest network that providers hand out (RFC 6177): all of it is one caller


def caller_address(request: HttpRequest) -> str:
    """Who calls, as far as our own proxies wrote it down; "" behind a socket that tells no address.

    An IPv4 address in IPv6 form, as a socket for both kinds shows it, is that IPv4 address.
    """
    written = _written(request)
    try:
        return str(_plain(written))
    except ValueError:
        return written


def counted_address(request: HttpRequest) -> str:
    """The one whom limits count: an IPv4 address, or the /64 that an IPv6 address is in."""
    return counted_as(caller_address(request))


def counted_as(address: str) -> str:
    """The same for an address."""
    try:
        plain = _plain(address)
    except ValueError:
        return address
    if isinstance(plain, IPv4Address):
        return str(plain)
    host_bits = 128 - SUBNET_BITS
    return f"{IPv6Address(int(plain) >> host_bits << host_bits)}/{SUBNET_BITS}"


def is_loopback(address: str) -> bool:
    try:
        return _plain(address).is_loopback
    except ValueError:
        return False


def _written(request: HttpRequest) -> str:
    """Proxies of ours append to X-Forwarded-For; what stands before their entries may be made up."""
    proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    entries = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    if not proxies or not entries:
        return str(request.META.get("REMOTE_ADDR", ""))
    return entries[-min(proxies, len(entries))]


def _plain(address: str) -> IPv4Address | IPv6Address:
    """IPv4 where it is one, however it is written (RFC 4291 mapped; 6to4, RFC 3056, where each has 65,536 /64s)."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped or found.sixtofour or found
    return found
