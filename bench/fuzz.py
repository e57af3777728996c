"""`make fuzz MINUTES=…`: sends randomly changed documents through intake, signing and verification.

Each must get an answer: accepted, refused with a sentence, signed and valid, or not signed with a sentence. Anything
else (an unexpected exception, a file left behind) is a finding, which hypothesis minimises and prints. `FOLDER=…`
adds the small documents of a folder to the originals made here.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

from bench.doctors import NAME, NUMBER, Authority
from bench.installation import set_up

if TYPE_CHECKING:
    from files.intake import Intake

MAX_SEED_BYTES = 60_000
SUFFIXES = {".pdf", ".png", ".jpg", ".gif", ".bmp", ".tiff"}
A_ROUND = 200  # examples; the time is checked between rounds
WORDS = [
    *(b"/Kids", b"/Count 2147483648", b"/Length -1", b"/MediaBox[0 0 1e38 1e38]", b"/Rotate 91", b"/Encrypt<<>>"),
    *(
        b"endobj",
        b"stream\n",
        b"xref\n0 1\n",
        b"startxref\n0\n%%EOF",
        b"1 0 R",
        b"<<",
        b"]",
        b"(",
        b"null",
        b"\0" * 9,
    ),
    *(b"/AcroForm 1 0 R", b"/Annots 1 0 R", b"/Parent 1 0 R", b"/Filter/FlateDecode", b"\xff\xd8", b"IHDR", b"%PDF-"),
]
Change = tuple[str, float, bytes]


def made_here() -> dict[str, bytes]:
    """A letter, the same with a form, encrypted, linearised and packed, and a picture of each kind."""
    from docshare.demo.letters import letter

    pdf = letter("Ordonnance", ["Paracétamol 1 g."], heading="Cabinet")
    documents = {"lettre.pdf": pdf, "formulaire.pdf": _saved(pdf, _with_form)}
    documents["chiffre.pdf"] = _saved(pdf, encryption=pikepdf.Encryption(owner="o", user="", R=6))
    documents["lineaire.pdf"] = _saved(pdf, linearize=True)
    documents["dense.pdf"] = _saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    for kind in ("png", "jpeg", "gif", "bmp", "tiff"):
        buffer = io.BytesIO()
        frames = [Image.new("RGB", (30, 20), colour) for colour in ("teal", "white")]
        more: dict[str, Any] = {"save_all": True, "append_images": frames[1:]} if kind in ("gif", "tiff") else {}
        frames[0].save(buffer, kind, **more)
        documents[f"photo.{kind}"] = buffer.getvalue()
    return documents


def _saved(content: bytes, change: Callable[[pikepdf.Pdf], None] | None = None, **more: Any) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        if change:
            change(pdf)
        pdf.save(buffer, static_id="encryption" not in more, **more)
    return buffer.getvalue()


def _with_form(pdf: pikepdf.Pdf) -> None:
    entries = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="Poids")
    entries.Rect = pikepdf.Array([100, 100, 200, 130])
    field = pdf.make_indirect(entries)
    pdf.pages[0].obj.Annots = pikepdf.Array([field])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]), NeedAppearances=True)


def changed(content: bytes, changes: list[Change]) -> bytes:
    for kind, fraction, piece in changes:
        at = int(fraction * len(content))
        match kind:
            case "put":
                content = content[:at] + piece + content[at:]
            case "over":
                content = content[:at] + piece + content[at + len(piece) :]
            case "cut":
                content = content[:at] + content[at + 1 + 40 * len(piece) :]
            case "twice":
                content = content[:at] + content[at : at + 60 * len(piece)] + content[at:]
            case "end":
                content = content[: max(1, at)]
            case "number":
                numbers = list(re.finditer(rb"\d+", content))
                if numbers:
                    number = numbers[int(fraction * (len(numbers) - 1))]
                    content = content[: number.start()] + b"%d" % (len(piece) * 977) + content[number.end() :]
    return content


def strategy(seeds: dict[str, bytes]) -> st.SearchStrategy[tuple[str, bytes]]:
    """A strategy for pairs: a document's name and its changed bytes."""
    piece = st.one_of(st.sampled_from(WORDS), st.binary(min_size=1, max_size=8))
    kind = st.sampled_from(["put", "over", "cut", "twice", "number", "number", "end"])
    fraction = st.floats(0, 1, exclude_max=True)
    changes = st.lists(st.tuples(kind, fraction, piece), min_size=1, max_size=6)
    return st.tuples(st.sampled_from(sorted(seeds)), changes).map(
        lambda drawn: (drawn[0], changed(seeds[drawn[0]], drawn[1]))
    )


def outcome(name: str, content: bytes, credential: Any) -> str:
    """The answer for a document. Any other exception is a finding."""
    from django.conf import settings as site
    from django.core.files.uploadedfile import SimpleUploadedFile

    from files.intake import Refused, accept
    from files.limits import PDF

    before = set(Path(site.FILE_UPLOAD_TEMP_DIR).iterdir())
    try:
        intake = accept(SimpleUploadedFile(name, content))
    except Refused as refused:
        result = f"refused: {refused.code}" if refused.sentence else "refused without a sentence"
    else:
        with intake:
            result = _signed(intake, credential) if intake.media_type == PDF else "taken"
    assert set(Path(site.FILE_UPLOAD_TEMP_DIR).iterdir()) <= before
    return result


def _signed(intake: Intake, credential: Any) -> str:
    """The answer of signing an accepted PDF on its last page."""
    from django.utils import timezone

    from signing.pdf.examination import Known, examine
    from signing.pdf.placement import Placement
    from signing.pdf.sign import CannotSign, sign
    from signing.pdf.stamp import StampContent
    from signing.pdf.verify import CannotVerify

    try:
        signed = sign(
            intake,
            placement=Placement(page=intake.page_count, x=0.9, y=0.1),
            credential=credential,
            appearance=StampContent(None, NAME, NUMBER),
            signing_time=timezone.now(),
        )
        assert signed.signatures[-1].valid
        assert examine(intake.path, Known(credential.chain))[-1].trusted
    except CannotSign as cannot:
        return f"not signed: {cannot.code}"
    except CannotVerify as cannot:
        raise AssertionError("signed, and can't be verified") from cannot
    return "signed, repaired" if signed.repaired else "signed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("folder", type=Path, nargs="?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docshare-fuzz-") as data_dir:
        os.environ["DATA_DIR"] = data_dir
        import logging

        set_up()
        logging.getLogger("documents").setLevel(logging.ERROR)
        seeds = made_here()
        for path in sorted(arguments.folder.rglob("*")) if arguments.folder else ():
            if path.suffix.lower() in SUFFIXES and 0 < path.stat().st_size <= MAX_SEED_BYTES:
                seeds[path.name] = path.read_bytes()
        return _run(strategy(seeds), minutes=arguments.minutes)


def _run(documents: st.SearchStrategy[tuple[str, bytes]], *, minutes: float) -> int:
    credential, counted = Authority().doctor(), Counter[str]()
    start = time.monotonic()
    slowest = 0.0
    while time.monotonic() - start < minutes * 60:

        @seed(random.randrange(1 << 32))
        @settings(max_examples=A_ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(documents)
        def judge_one(document: tuple[str, bytes]) -> None:
            nonlocal slowest
            if time.monotonic() - start > minutes * 60:
                return
            began = time.monotonic()
            counted[outcome(*document, credential)] += 1
            slowest = max(slowest, time.monotonic() - began)

        judge_one()
        spent = (time.monotonic() - start) / 60
        print(f"  {counted.total()} documents in {spent:.0f} minutes", file=sys.stderr, flush=True)
    print(f"{counted.total()} documents in {minutes:g} minutes, the slowest took {slowest:.1f} s; nothing unanswered")
    for result, times in counted.most_common():
        print(f"  {times} {result}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
