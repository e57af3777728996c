"""The caller's address, and the network that limits by address count."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

SUBNET_BITS = 64  # the smallest network that providers assign (RFC 6177) counts as one caller


def caller_address(request: HttpRequest) -> str:
    """The caller's address as recorded by our own proxies; "" for a socket without addresses.

    An IPv4 address in IPv6 form, as a socket for both kinds shows it, is that IPv4 address.
    """
    written = _written(request)
    try:
        return str(_plain(written))
    except ValueError:
        return written


def counted_address(request: HttpRequest) -> str:
    """What limits count for this request: an IPv4 address, or the /64 of an IPv6 address."""
    return counted_as(caller_address(request))


def counted_as(address: str) -> str:
    """What limits count for this address."""
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
    """Proxies of ours append to X-Forwarded-For; entries before theirs may be forged."""
    proxies: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    entries = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    if not proxies or not entries:
        return str(request.META.get("REMOTE_ADDR", ""))
    return entries[-min(proxies, len(entries))]


def _plain(address: str) -> IPv4Address | IPv6Address:
    """The address, as IPv4 if it is an IPv4 address in an IPv6 notation (RFC 4291 mapped; 6to4, RFC 3056, where each
    has 65,536 /64s)."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed
