"""The open verification never calls a forgery intact, nor merely not confirmed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from signing.verification import verify_upload
from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, form
from tests.signing.changed.kinds import approved, changed, whole
from tests.signing.changed.pages import annotation
from tests.signing.changed.proofs import garbage_time
from tests.signing.changed.signatures import WIDE
from tests.signing.changed.signers import Look, signers

Base = Callable[[], bytes]


def time_stamp_of_garbage(base: Base) -> bytes:
    return changed(garbage_time(b"", b"0 0 0 0"), base)()


def painting_time_stamp(base: Base) -> bytes:
    return changed(garbage_time(d.PAINT, b"0 0 595 842"), base)()


def signer_of_the_same_name(base: Base) -> bytes:
    return signers().sign_again(base(), signers().stranger, look=Look(box=WIDE, content=d.WHITE_SQUARE))


def note(base: Base) -> bytes:
    return changed(annotation(b"/Subtype /FreeText"), base)()


def swapped_appearance(base: Base) -> bytes:
    return changed(lambda update: update.put(d.NOTE_LOOK, form(d.WHITE_SQUARE)), base)()


def layer(base: Base) -> bytes:
    def switch(update: Update) -> None:
        update.put(d.LAYERS, b"<< /ON [20 0 R] /OFF [] >>")

    return changed(switch, base)()


@pytest.mark.django_db
@pytest.mark.parametrize("base", [whole, approved], ids=["certified", "signed before"])
@pytest.mark.parametrize(
    "forgery",
    [time_stamp_of_garbage, painting_time_stamp, signer_of_the_same_name, note, swapped_appearance, layer],
)
def test_a_forgery_is_not_called_intact(forgery: Callable[[Base], bytes], base: Base) -> None:
    assert verify_upload(SimpleUploadedFile("ordonnance.pdf", base())).verdict in ("untrusted", "whole")
    assert verify_upload(SimpleUploadedFile("forgery.pdf", forgery(base))).verdict not in ("untrusted", "whole")
