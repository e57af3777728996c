"""A user-supplied address leads to the public internet, or nowhere."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from accounts.public_addresses import is_public, literal_address
from appointments.models import Appointment
from audit import chain
from audit.trail import record
from practices.models import Practice
from webhooks.endpoints import add_endpoint
from webhooks.models import WebhookDelivery
from webhooks.tasks import tell_webhooks

INSIDE_V4 = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1"),
    *("192.0.0.1", "192.0.0.9", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
]
PUBLIC_V4 = ["8.8.8.8", "1.1.1.1", "51.15.0.1", "193.0.14.129"]
INSIDE_V6 = [
    *("::", "::1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1", "5f00::1"),
    *("2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "4000::1"),
]
PUBLIC_V6 = ["2001:4860:4860::8888", "2606:4700:4700::1111", "2a01:e0a::1"]


def wrapped(inner: str) -> list[str]:
    """Every known way to embed an IPv4 address in an IPv6 one."""
    number = int(ipaddress.IPv4Address(inner))
    at_the_end = ["64:ff9b::", "64:ff9b:1::", "64:ff9b:1:ffff::", "::ffff:0:0", "::", "::ffff:0:0:0"]
    forms = [int(ipaddress.IPv6Address(prefix)) + number for prefix in at_the_end]
    forms.append(int(ipaddress.IPv6Address("2002::")) + (number << 80))  # 6to4
    forms.append(int(ipaddress.IPv6Address("2001::")) + (number << 64))  # Teredo: the server
    forms.append(int(ipaddress.IPv6Address("2001::")) + (number ^ 0xFFFFFFFF))  # Teredo: the client
    return [str(ipaddress.IPv6Address(form)) for form in forms]


@pytest.mark.parametrize("address", [*INSIDE_V4, *INSIDE_V6])
def test_an_address_of_a_private_or_reserved_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [*PUBLIC_V4, *PUBLIC_V6])
def test_an_address_of_a_public_host_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4).map(str) | st.sampled_from(INSIDE_V4 + PUBLIC_V4))
def test_an_ipv4_address_inside_an_ipv6_one_is_not_public(inner: str) -> None:
    assert [form for form in wrapped(inner) if is_public(form)] == []


@given(st.ip_addresses().map(str))
def test_what_is_public_is_global_unicast(address: str) -> None:
    ip = ipaddress.ip_address(address)
    if is_public(address):
        assert ip.is_global
        assert not any((ip.is_private, ip.is_multicast, ip.is_reserved, ip.is_loopback, ip.is_link_local))


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "0x7f.0.0.1", "::1", "0"])
def test_every_notation_of_an_address_is_read(host: str) -> None:
    literal = literal_address(host)
    assert literal
    assert not is_public(literal)


def test_a_name_is_not_an_address() -> None:
    assert literal_address("logiciel.example") is None
    assert literal_address("x" * 300) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/x",
        "https://[::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[fec0::1]/",
    ],
)
def test_an_address_inside_is_refused_when_it_is_typed(
    url: str, practice: Practice, carol: User, settings: Settings
) -> None:
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    with pytest.raises(ValidationError) as refused:
        add_endpoint(practice=practice, url=url, events=["document.read"], by=carol)
    assert "réseau privé" in refused.value.messages[0]


@contextlib.contextmanager
def listening() -> Iterator[tuple[int, list[Any]]]:
    """A server on loopback, and its callers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        calls: list[Any] = []
        yield server.getsockname()[1], calls
        with contextlib.suppress(TimeoutError):
            calls.append(server.accept())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::127.0.0.1"],
        ["::127.0.0.1"],
        ["2002:7f00:1::"],
        ["0.0.0.0"],
    ],
)
def test_a_name_that_leads_inside_when_connecting_is_not_called(
    answers: list[str],
    practice: Practice,
    carol: User,
    appointment: Appointment,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    real = socket.getaddrinfo

    def resolver(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        """The name server of an attacker, with arbitrary answers."""
        if host != "logiciel.example":
            return real(host, port, *more, **options)
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with listening() as (port, calls):
        url = f"https://logiciel.example:{port}/"
        add_endpoint(practice=practice, url=url, events=["appointment.moved"], by=carol)
        record("appointment.moved", by=carol, on=appointment, practice=practice)
        chain.seal()
        tell_webhooks()
    assert calls == []
    assert "réseau interne" in WebhookDelivery.objects.get().last_error


@pytest.mark.django_db
def test_the_connection_goes_to_the_address_that_was_checked(
    practice: Practice, carol: User, appointment: Appointment, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to a public address first and to an internal one next (DNS rebinding)."""
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    asked: list[Any] = []
    connected: list[Any] = []

    def resolver(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror
        asked.append(host)
        first = "8.8.8.8" if host == "logiciel.example" and len(asked) == 1 else "127.0.0.1"
        address = host if is_public(str(host)) else first
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(_self: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    add_endpoint(practice=practice, url="https://logiciel.example/", events=["appointment.moved"], by=carol)
    record("appointment.moved", by=carol, on=appointment, practice=practice)
    chain.seal()
    monkeypatch.setattr(socket.socket, "connect", connect)
    tell_webhooks()
    assert connected == ["8.8.8.8"]
    assert asked == ["logiciel.example", "8.8.8.8"]
