"""Signs files on request with endesive, as node/sign.mjs does with others. Runs in an environment of its own."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from cryptography.hazmat.primitives.serialization import pkcs12

# Its verifying half, not used here, imports oscrypto 1.3, which cannot read a version of OpenSSL like 3.0.15.
sys.modules["endesive.pdf.verify"] = cast("ModuleType", SimpleNamespace(PDFVerifier=None, verify=None))


def signed(content: bytes, key_path: str, passphrase: str) -> bytes:
    cms: Any = import_module("endesive.pdf.cms")
    key, certificate, others = pkcs12.load_key_and_certificates(Path(key_path).read_bytes(), passphrase.encode())
    wanted = {
        "sigflags": 3,
        "sigandcertify": True,
        "signingdate": datetime.now(UTC).strftime("D:%Y%m%d%H%M%S+00'00'"),
        "contact": "",
        "location": "",
        "reason": "",
    }
    return content + bytes(cms.sign(content, wanted, key, certificate, others, "sha256"))


def main(key_path: str, passphrase: str) -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        began, before = time.perf_counter(), time.process_time()
        Path(asked["output"]).write_bytes(signed(Path(asked["input"]).read_bytes(), key_path, passphrase))
        answer = {"wall": time.perf_counter() - began, "processor": time.process_time() - before}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
