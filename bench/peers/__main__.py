"""Signs a letter and a large document with ours and with other libraries, in turn: time and processor of each.

`python -m bench.peers`. Ours stamps, signs in a child process and verifies what it has signed; the others sign in
their own process, which has loaded everything, and verify nothing, but for pyHanko. Each result is judged once by
`pdfsig`. Medians of RUNS.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES

from bench import report
from bench.installation import embedded
from bench.peers import installed
from bench.samples import large_pdf

RUNS = 9
LARGE = 42_000_000
PASSPHRASE = "phrase"
LETTER_GOAL = 0.71  # × pyHanko, validating: 20 ms where it takes 28
ONLY_RSA = {"@signpdf"}
NODE_PEERS = ("@libpdf/core", "@signpdf", "@documenso/pdf-sign")
STILL = "repair, stamp with image and code, child process, signature verified, cross-reference read strictly"
Seconds = tuple[float, float]  # of wall time and of processor
Signs = Callable[[Path, Path], Seconds]  # from one file to another


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-peers-") as name, ExitStack() as stack:
        folder = Path(name)
        signers = {**ours(), **peers(folder, stack)}
        for work, content in contents().items():
            source = folder / "source.pdf"
            source.write_bytes(content)
            compare(work, source, folder / "signed.pdf", signers)


def contents() -> dict[str, bytes]:
    from docshare.demo.letters import letter

    small = letter("Ordonnance", ["Paracétamol 1 g"], heading="Cabinet des Lilas")
    return {"sign a letter": small, "sign 42 MB": large_pdf(LARGE)}


def ours() -> dict[str, Signs]:
    from bench import signing

    return {"docshare": signing.signs_file(), "pyHanko, validating": signing.bare_signs_file()}


def peers(folder: Path, stack: ExitStack) -> dict[str, Signs]:
    keys = {"rsa": folder / "rsa.p12", "ec": folder / "ec.p12"}
    keys["rsa"].write_bytes(packed(rsa.generate_private_key(65537, 2048)))
    keys["ec"].write_bytes(packed(ec.generate_private_key(ec.SECP256R1())))
    signers: dict[str, Signs] = {}
    endesive = stack.enter_context(asked([*installed.endesive(), str(keys["ec"]), PASSPHRASE]))
    signers["endesive"] = partial(endesive, "")
    for peer in NODE_PEERS:
        key_file = keys["rsa" if peer in ONLY_RSA else "ec"]
        sign = stack.enter_context(asked([*installed.node(), str(key_file), PASSPHRASE]))
        signers[peer] = partial(sign, peer)
    return signers


@contextmanager
def asked(command: list[str]) -> Iterator[Callable[[str, Path, Path], Seconds]]:
    """A process that signs on request, until the end of the block."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def sign(peer: str, source: Path, target: Path) -> Seconds:
            print(json.dumps({"peer": peer, "input": str(source), "output": str(target)}), file=requests, flush=True)
            answer = json.loads(answers.readline())
            return answer["wall"], answer["processor"]

        yield sign
        requests.close()


def packed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS #12 of a key and its self-signed certificate, in the encryption that every peer reads."""
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")]), datetime.now(UTC)
    serial, days = x509.random_serial_number(), timedelta(days=30)
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, now - days, now + days)
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(PASSPHRASE.encode())
    )
    return pkcs12.serialize_key_and_certificates(b"bench", key, builder.sign(key, hashes.SHA256()), None, encryption)


def compare(work: str, source: Path, target: Path, signers: dict[str, Signs]) -> None:
    taken: dict[str, list[Seconds]] = {name: [] for name in signers}
    verdicts = {}
    for name, sign in signers.items():  # warm
        sign(source, target)
        verdicts[name] = judged(target)
    for _ in range(RUNS):
        for name, sign in signers.items():
            taken[name].append(sign(source, target))
    medians = {name: (median(times, 0), median(times, 1)) for name, times in taken.items()}
    for name, (wall, processor) in medians.items():
        print(f"{work}, {name}: {wall:.1f} ms, {processor:.1f} of processor; pdfsig: {verdicts[name]}", flush=True)
    beside = ", ".join(f"{name} {processor:.1f}" for name, (_, processor) in medians.items() if name != "docshare")
    wall, processor = medians["docshare"]
    row = f"{work}, processor in ms"
    figures = {"ours": f"{processor:.1f} ({wall:.1f} of time)", "beside": beside, "still": STILL}
    if source.stat().st_size < LARGE:
        pyhanko = medians["pyHanko, validating"][1]
        report.at_most(row, processor / pyhanko, LETTER_GOAL, " × pyHanko", **figures)
    else:
        best = min(each for name, (_, each) in medians.items() if name != "docshare")
        report.at_most(row, processor / best, 1.0, " × the quickest peer", **figures)


def median(times: list[Seconds], place: int) -> float:
    """In milliseconds."""
    return statistics.median(each[place] for each in times) * 1000


def judged(signed: Path) -> str:
    """`valid, all of it`, or what pdfsig says otherwise."""
    output = subprocess.run(["pdfsig", "-nocert", str(signed)], check=False, capture_output=True, text=True).stdout
    valid = "Signature is Valid." in output
    whole = "Total document signed" in output
    return "valid, all of it" if valid and whole else " ".join(output.split())[-200:]


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit("python -m bench.peers takes no arguments")
    with embedded():
        run()
