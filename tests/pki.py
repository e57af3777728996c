"""Another certificate authority, with a time-stamp authority, an OCSP responder and revocation lists: certomancer's,
answering on loopback."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from werkzeug.serving import make_server

from signing.pdf.credentials import Credential
from signing.pdf.keys import KeyInMemory
from tests.serving import serve

ARCHITECTURE = "elsewhere"
EXPIRED = timedelta(days=-3)
CA = ["root", "intermediate"]


class Pki:
    """A root; below it an intermediate authority that issues certificates to doctors, and the time-stamp
    authority."""

    ocsp_seconds = 0.0  # seconds until its responder answers

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []  # paths of requests
        self.redirects_to = ""  # the target of redirects from /elsewhere
        keys: dict[str, PrivateKeyTypes] = {
            name: ec.generate_private_key(ec.SECP256R1()) for name in (*CA, "ocsp", "tsa", "doctor", "expired", "crl")
        }
        keys["rsa"] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.keys = keys
        for name, key in keys.items():
            (folder / f"{name}.pem").write_bytes(_pem(key))
        server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.address = f"http://127.0.0.1:{server.port}"
        self.config = CertomancerConfig(_config(self.address, list(keys)), key_search_dir=str(folder))
        self._animator = Animator(AnimatorArchStore(self.config.pki_archs))
        self._server = server
        serve(server)

    @property
    def tsa_url(self) -> str:
        return f"{self.address}/{ARCHITECTURE}/tsa/tsa"

    @property
    def root_pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self.certificate("root"))

    def certificate(self, name: str) -> bytes:
        """DER."""
        found: bytes = self.config.get_pki_arch(ArchLabel(ARCHITECTURE)).get_cert(CertLabel(name)).dump()
        return found

    def credential(self, name: str) -> Credential:
        key: Any = self.keys[name]
        chain = (self.certificate("intermediate"), self.certificate("root"))
        return Credential(certificate=self.certificate(name), key=KeyInMemory(key), chain=chain)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/elsewhere":
            start_response("302 Found", [("Location", self.redirects_to)])
            return []
        if "/ocsp/" in environ["PATH_INFO"]:
            time.sleep(self.ocsp_seconds)
        return self._animator(environ, start_response)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _config(address: str, keys: list[str]) -> dict[str, Any]:
    purpose = {
        "tsa": [_extended("time_stamping")],
        "ocsp": [_extended("ocsp_signing"), {"id": "ocsp_no_check", "critical": False}],
    }
    certificates = {name: _certificate(name, issuer="root", more=_authority()) for name in CA}
    for name in ("tsa", "ocsp", "doctor", "expired", "rsa", "crl"):
        issuer = "root" if name == "tsa" else "intermediate"
        more = [_usage(["digital_signature", "non_repudiation"]), *purpose.get(name, [])]
        if name in ("tsa", "crl"):
            more.append(_list_of(issuer))
        elif name != "ocsp":
            responder = {"schema": "aia-urls", "params": {"ocsp-responder-names": ["intermediate"]}}
            more.append({"id": "authority_information_access", "smart-value": responder})
        certificates[name] = _certificate(name, issuer=issuer, more=more)
    certificates["intermediate"]["extensions"].append(_list_of("root"))
    return {
        "external-url-prefix": address,
        "keysets": {"keys": {"keys": {name: {"path": f"{name}.pem"} for name in keys}}},
        "pki-architectures": {
            ARCHITECTURE: {
                "keyset": "keys",
                "entity-defaults": {"country-name": "FR", "organization-name": "Ailleurs"},
                "entities": {name: {"common-name": f"Ailleurs {name}"} for name in keys},
                "certs": certificates,
                "services": {
                    "ocsp": {"intermediate": {"for-issuer": "intermediate", "responder-cert": "ocsp"}},
                    "crl-repo": {
                        issuer: {"for-issuer": issuer, "signing-key": issuer, "simulated-update-schedule": "P1D"}
                        for issuer in CA
                    },
                    "time-stamping": {"tsa": {"signing-cert": "tsa"}},
                },
            }
        },
    }


def _certificate(name: str, *, issuer: str, more: list[dict[str, Any]]) -> dict[str, Any]:
    now = datetime.now(UTC)
    ends = now + (EXPIRED if name == "expired" else timedelta(days=700))
    return {
        "subject": name,
        "subject-key": name,
        "issuer": issuer,
        "authority-key": issuer,
        "validity": {"valid-from": f"{now - timedelta(days=30):%FT%T+0000}", "valid-to": f"{ends:%FT%T+0000}"},
        "extensions": more,
    }


def _authority() -> list[dict[str, Any]]:
    return [
        {"id": "basic_constraints", "critical": True, "value": {"ca": True}},
        _usage(["digital_signature", "key_cert_sign", "crl_sign"]),
    ]


def _usage(what: list[str]) -> dict[str, Any]:
    return {"id": "key_usage", "critical": True, "smart-value": {"schema": "key-usage", "params": what}}


def _extended(what: str) -> dict[str, Any]:
    return {"id": "extended_key_usage", "critical": True, "value": [what]}


def _list_of(issuer: str) -> dict[str, Any]:
    points = {"schema": "crl-dist-url", "params": {"crl-repo-names": [issuer]}}
    return {"id": "crl_distribution_points", "smart-value": points}
