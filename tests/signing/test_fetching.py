"""Addresses in an imported certificate lead to the public internet, or nowhere."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django import Settings

from files.intake import Intake
from signing.pdf.fetching import MAX_BYTES, _content, guarded_session
from signing.pdf.levels import level_wanted, wrong_level_settings
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign, sign
from signing.pdf.stamp import StampContent
from tests.pki import Pki
from tests.signing.conftest import Receive


@pytest.fixture
def sign_lasting(pki: Pki, receive: Receive, settings: Settings) -> Callable[[str], Intake]:
    """Signs at B-LT with a certificate of another authority; only its time-stamps use addresses from our settings."""
    settings.SIGNATURE_LEVEL, settings.TSA_URL, settings.TSA_ROOTS = "B-LT", pki.tsa_url, pki.root_pem

    def _sign(whose: str) -> Intake:
        pki.asked.clear()
        return sign(
            receive(),
            placement=Placement(page=1, x=0.7, y=0.9),
            credential=pki.credential(whose),
            appearance=StampContent(image_png=None, signer_name="Dr Alice Morel", professional_number=""),
            signing_time=timezone.now(),
            wanted=level_wanted(),
        ).intake

    return _sign


@pytest.mark.parametrize("whose", ["doctor", "crl"])  # an OCSP responder, and a revocation list
def test_signing_asks_nobody_of_our_own_network(
    whose: str, sign_lasting: Callable[[str], Intake], pki: Pki, settings: Settings
) -> None:
    with pytest.raises(CannotSign) as caught:
        sign_lasting(whose)
    assert caught.value.code == "no_validation_material"
    assert {path for path in pki.asked if "/tsa/" not in path} == set()
    settings.PKI_HOSTS_INSIDE = ["127.0.0.1"]
    sign_lasting(whose)
    assert any("/tsa/" not in path for path in pki.asked)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The name server's answers, by name; each name is resolved once, because a second answer may differ."""
    known: dict[str, list[str]] = {}
    resolve = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return resolve(host, port, *args, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known.pop(host)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return known


def port_of(pki: Pki) -> str:
    return pki.address.rpartition(":")[2]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["169.254.169.254"]]
)
def test_a_name_that_leads_inside_is_not_asked(addresses: list[str], pki: Pki, names: dict[str, list[str]]) -> None:
    pki.asked.clear()
    names["crl.example"] = addresses
    with guarded_session(frozenset()) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://crl.example:{port_of(pki)}/list", timeout=2)
    assert pki.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"]
)
def test_every_notation_of_an_address_inside_is_refused(host: str, pki: Pki) -> None:
    pki.asked.clear()
    with guarded_session(frozenset()) as session, pytest.raises(requests.RequestException):
        session.get(f"http://{host}:{port_of(pki)}/list", timeout=2)
    assert pki.asked == []


def test_a_host_inside_is_asked_by_its_name_resolved_once(pki: Pki, names: dict[str, list[str]]) -> None:
    names["pki.hospital.example"] = ["127.0.0.1"]
    with guarded_session(frozenset({"pki.hospital.example"})) as session:
        session.get(f"http://pki.hospital.example:{port_of(pki)}/list", timeout=2)
    assert pki.asked[-1] == "/list"


def test_a_redirect_is_another_address(pki: Pki) -> None:
    pki.asked.clear()
    pki.redirects_to = f"{pki.address}/secret"  # 127.0.0.1
    with guarded_session(frozenset({"localhost"})) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://localhost:{port_of(pki)}/elsewhere", timeout=2)
    assert pki.asked == ["/elsewhere"]


def test_neither_does_a_proxy_lead_inside(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    pki.asked.clear()
    monkeypatch.setenv("http_proxy", pki.address)
    monkeypatch.setenv("no_proxy", "")
    with guarded_session(frozenset()) as session, pytest.raises(requests.ConnectionError):
        session.get("http://10.0.0.1/list", timeout=2)
    assert pki.asked == []


def test_an_answer_without_end_is_left() -> None:
    endless = requests.Response()
    endless.raw = open("/dev/zero", "rb")  # noqa: SIM115
    with endless.raw, pytest.raises(requests.RequestException, match="longer"):
        _content(endless)
    assert MAX_BYTES < 1 << 26


def test_a_setting_that_is_no_host_is_told(settings: Settings) -> None:
    settings.PKI_HOSTS_INSIDE = ["https://pki.example/crl"]
    (sentence,) = wrong_level_settings()
    assert "PKI_HOSTS_INSIDE has https://pki.example/crl" in sentence
    settings.PKI_HOSTS_INSIDE = ["pki.example", "10.1.2.3", "fd00::1"]
    assert list(wrong_level_settings()) == []
