"""Which addresses count as one, wherever something is counted by address."""

from __future__ import annotations

import pytest
from allauth.core.internal.ratelimit import get_ip
from django.test import RequestFactory
from pytest_django import Settings

from accounts.addresses import caller_address, counted_address, counted_as, is_loopback


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::1", "2001:DB8:0001:0002:0:0:0:9"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("192.0.2.7", "::ffff:c000:207"),
        ("192.0.2.7", "2002:c000:207:1::5"),  # 6to4
    ],
)
def test_these_are_one_caller(one: str, other: str) -> None:
    assert counted_as(one) == counted_as(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("192.0.2.7", "192.0.2.8"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("", "192.0.2.8"),
    ],
)
def test_these_are_two(one: str, other: str) -> None:
    assert counted_as(one) != counted_as(other)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "198.51.100.1", "203.0.113.5"),  # forged
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "192.0.2.1, 198.51.100.1", "198.51.100.1"),
        (2, "192.0.2.1, 198.51.100.1, 198.51.100.2", "198.51.100.1"),
        (2, "198.51.100.2", "198.51.100.2"),
        (1, " ", "203.0.113.5"),
        (1, "2001:db8::5", "2001:db8::/64"),
    ],
)
def test_proxies_of_ours_are_believed_and_nobody_else(
    settings: Settings, proxies: int, forwarded: str, counted: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.5", HTTP_X_FORWARDED_FOR=forwarded)
    assert counted_address(request) == counted


def test_the_limits_of_signing_in_count_the_same(settings: Settings) -> None:
    """allauth groups IPv6 by /64; without ours, all IPv4-mapped addresses would be one network."""
    one, other = (RequestFactory().post("/", REMOTE_ADDR=address) for address in ("::ffff:192.0.2.7", "192.0.2.7"))
    stranger = RequestFactory().post("/", REMOTE_ADDR="::ffff:192.0.2.8")
    assert get_ip(one) == get_ip(other) == caller_address(one)
    assert get_ip(stranger) != get_ip(one)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_known_however_it_is_written(address: str) -> None:
    assert is_loopback(address)
    assert not is_loopback("::ffff:10.0.0.1")
    assert not is_loopback("")
