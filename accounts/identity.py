"""What the owner of an account says of themselves: title, names, RPPS number. Nobody else changes them."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from accounts.rpps import clean_rpps
from audit.trail import record

FIELDS = ("title", "first_name", "last_name", "professional_number")


@transaction.atomic
def change_identity(
    *, user: User, title: str, first_name: str, last_name: str, professional_number: str
) -> list[str]:
    """Change one's own identity; returns the changed fields. A number that stays the same is not checked again.

    Raises ValidationError.
    """
    current = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    new = {name: in_one_line(text) for name, text in zip(FIELDS, (title, first_name, last_name, ""), strict=True)}
    new["professional_number"] = professional_number.strip()
    if new["professional_number"] != current.professional_number:
        try:
            new["professional_number"] = clean_rpps(professional_number)
        except ValidationError as error:
            raise ValidationError({"professional_number": error}) from error
    fields = [name for name in FIELDS if new[name] != getattr(current, name)]
    for name in fields:
        setattr(current, name, new[name])
        setattr(user, name, new[name])
    if fields:
        current.full_clean(exclude=["password"])
        current.save(update_fields=fields)
        record("account.identity_changed", by=user, on=user, detail={"fields": fields})
    return fields


def in_one_line(text: str) -> str:
    """As practices.texts.one_line, which this room does not know."""
    visible = "".join(
        character for character in text if unicodedata.category(character) != "Cf"
    )  # invisible characters
    return unicodedata.normalize("NFC", " ".join(visible.split()))
