"""Signs an empty page once, before the fork server forks. Imports no Django.

pyHanko and its dependencies initialise much at first use. Otherwise every child would repeat that, a third of the
time of a small signature.
"""

from __future__ import annotations

import io
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from signing.pdf.cms_layout import layout_of
from signing.pdf.keys import KeyInMemory, answer_to
from signing.pdf.signing_child import SigningJob, sign_file
from signing.pdf.stamp import Stamp


def warm() -> None:
    """A failure is harmless: signatures then only take longer."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key)
    image = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(image, "PNG")
    stamp = Stamp(paragraphs=(), image=image.getvalue(), code=None, description="", fonts=())
    job = SigningJob(
        page=1,
        x=0.5,
        y=0.5,
        width=0.2,
        certificate=certificate,
        chain=(certificate,),
        layout=layout_of(certificate, (certificate,)),
        stamp=stamp,
        signer_name="-",
    )
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        page = pikepdf.Pdf.new()
        page.add_blank_page()
        page.save(file.name)
        sign_file(file.name, job, ask=partial(answer_to, certificate=certificate, key=KeyInMemory(key)))


def _self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "-")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
