"""Reads a security module (PKCS#11) in a process of its own. Imports no Django.

A module loaded before a fork does not work after it, and a module that crashes ends its process.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pkcs11

from signing.pdf.keys import KeyUnavailable
from signing.pdf.token_key import KeyInToken, certificates_in_token

SECONDS = 30
ROOT = Path(__file__).resolve().parents[2]


def probe(module: str, pin: str, uris: Sequence[str]) -> dict[str, Any]:
    """`{"fault": name of what went wrong}`; or `{"tokens": labels, "keys": {uri: SHA-256 of its certificate},
    "missing": {uri: why}}`. Stops at a PIN that is refused: a token is locked after a few."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "signing.pdf.token_probe"],
            cwd=ROOT, input=json.dumps([module, pin, list(uris)]), capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"fault": "no answer"}
    if done.returncode:
        return {"fault": f"exit status {done.returncode}"}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _look(module: str, pin: str, uris: list[str]) -> dict[str, Any]:
    try:
        initialised = pkcs11.lib(module).get_tokens(token_flags=pkcs11.TokenFlag.TOKEN_INITIALIZED)
        tokens = [token.label for token in initialised]
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        return {"fault": type(error).__name__}
    keys, missing = {}, {}
    for uri in uris:
        try:
            certificate, _chain = certificates_in_token(uri, module=module, pin=pin)
            KeyInToken(uri, module=module, pin=pin).check()
            keys[uri] = hashlib.sha256(certificate).hexdigest()
        except KeyUnavailable as error:
            missing[uri] = str(error)
            if "Pin" in str(error):
                break
    return {"tokens": tokens, "keys": keys, "missing": missing}


if __name__ == "__main__":
    json.dump(_look(*json.load(sys.stdin)), sys.stdout)
