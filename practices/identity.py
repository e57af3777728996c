"""What a practice is called and where it is reached: set by its administrators."""

from __future__ import annotations

from typing import TypedDict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from practices.models import Practice
from practices.roles import require_administrator
from practices.telephones import clean_telephone
from practices.texts import lines, one_line

LONGEST_ADDRESS = 500  # characters


class Identity(TypedDict, total=False):
    """Fields to change; those left out stay. `telephone` as people write it."""

    name: str
    address: str
    telephone: str
    email: str
    time_zone: str
    language: str


@transaction.atomic
def set_identity(*, practice: Practice, changes: Identity, by: User) -> Practice:
    """Change these fields; if none differs, nothing is recorded. Moments of appointments stay when the time zone
    changes: clocks show them differently. Raises NotAllowed, ValidationError by field."""
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    new = {name: str(value) for name, value in changes.items()}
    faults: dict[str, str] = {}
    for name, clean in (("name", one_line), ("address", lines), ("email", str.strip)):
        if name in new:
            new[name] = clean(new[name])
    if "name" in new and not new["name"]:
        faults["name"] = _("Écrivez le nom du cabinet.")
    if len(new.get("address", "")) > LONGEST_ADDRESS:
        faults["address"] = _("C’est trop long : abrégez, %(most)d caractères au plus.") % {"most": LONGEST_ADDRESS}
    if "language" in new and new["language"] not in dict(settings.LANGUAGES):
        faults["language"] = _("Choisissez une langue proposée.")
    if new.get("telephone"):
        try:
            new["telephone"] = clean_telephone(new["telephone"], time_zone=new.get("time_zone", practice.time_zone))
        except ValidationError as refused:
            faults["telephone"] = refused.messages[0]
            del new["telephone"]
    fields = sorted(name for name, value in new.items() if getattr(practice, name) != value)
    for name in fields:
        setattr(practice, name, new[name])
    _check(practice, faults)
    if fields:
        practice.save(update_fields=[*fields, "find_text"])
        record("practice.identity_changed", by=by, on=practice, practice=practice, detail={"fields": fields})
    return practice


def _check(practice: Practice, faults: dict[str, str]) -> None:
    """Raises ValidationError with all faults at once."""
    try:
        practice.full_clean(exclude=list(faults))
    except ValidationError as refused:
        raise ValidationError(
            {**refused.message_dict, **{name: [sentence] for name, sentence in faults.items()}}
        ) from None
    if faults:
        raise ValidationError(faults)
