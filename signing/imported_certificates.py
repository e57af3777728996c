"""Certificates that a practitioner or a practice imports: import, removal, warnings before they expire."""

from __future__ import annotations

import base64
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from practices.models import Membership, Practice, Role
from practices.roles import NotAllowed, require_administrator
from signing import messages
from signing.models import KeyPlace, SigningCredential
from signing.pdf.imported import MAX_BYTES, Imported, read_pkcs12

WARNED_DAYS = (60, 14, 1)  # days before the certificate expires; one warning each
SHOWN_DAYS = WARNED_DAYS[0]


def import_pkcs12(
    *, owner: User | Practice, upload: UploadedFile[Any] | None, password: str, by: User
) -> SigningCredential:
    """Import a PKCS#12 file; its certificate signs from now on. Raises NotAllowed,
    signing.pdf.imported.CertificateRefused."""
    _check_may_change(owner, by)
    content = upload.read(MAX_BYTES + 1) if upload else b""
    imported = read_pkcs12(content, password, passphrase=settings.SIGNING_PASSPHRASE)
    return install(owner=owner, imported=imported, key_place=KeyPlace.PKCS12, by=by)


@transaction.atomic
def install(
    *, owner: User | Practice, imported: Imported, key_place: KeyPlace, by: User | None, key_reference: str = ""
) -> SigningCredential:
    """Replace the certificate in use, which stays valid for what it signed."""
    _retire(owner)
    credential = SigningCredential(
        key_place=key_place,
        certificate=imported.certificate,
        chain=[base64.b64encode(each).decode("ascii") for each in imported.chain],
        private_key=imported.private_key,
        key_reference=key_reference,
        not_after=imported.not_after,
        **_owned_by(owner),
    )
    credential.save()
    record("signature.certificate_imported", by=by, on=credential, detail={"key_place": key_place.value})
    _notify_of_change(owner)
    return credential


@transaction.atomic
def remove_imported(*, owner: User | Practice, by: User) -> None:
    """Return to the installation's own certificate. Changes nothing if none was imported. Raises NotAllowed."""
    _check_may_change(owner, by)
    credential = _imported_in_use(owner)
    if credential is None:
        return
    _retire(owner)
    record("signature.certificate_removed", by=by, on=credential)
    _notify_of_change(owner)


def watch() -> None:
    """Warn the owners of certificates that expire soon."""
    brought = SigningCredential.objects.filter(retired_at=None).exclude(key_place=KeyPlace.AUTHORITY)
    for pk in brought.values_list("pk", flat=True):
        with transaction.atomic():
            credential = brought.select_for_update(of=("self",)).filter(pk=pk).first()
            if credential:
                _warn(credential)


def _warn(credential: SigningCredential) -> None:
    due = [days for days in WARNED_DAYS if credential.days_left < days]
    if not due or (credential.told_days is not None and credential.told_days <= due[-1]):
        return
    credential.told_days = due[-1]
    credential.save(update_fields=["told_days"])
    for user, practice in _people(credential.user or credential.practice):
        messages.plan_certificate_ends_email(user, ends_at=credential.not_after, zone=practice.zone)


def _check_may_change(owner: User | Practice, by: User) -> None:
    if isinstance(owner, User):
        if by.pk != owner.pk:
            raise NotAllowed(_("Seul le praticien lui-même change son certificat."))
        if not Membership.objects.held_by(owner, Role.PRACTITIONER).exists():
            raise NotAllowed(_("Seul un praticien a un certificat de signature."))
        return
    require_administrator(by, owner, _("Seul un administrateur du cabinet change le certificat du cabinet."))


def _imported_in_use(owner: User | Practice) -> SigningCredential | None:
    in_use = owner.signing_credentials.select_for_update().filter(retired_at=None)
    return in_use.exclude(key_place=KeyPlace.AUTHORITY).first()


def _retire(owner: User | Practice) -> None:
    model = User if isinstance(owner, User) else Practice
    model.objects.select_for_update().get(pk=owner.pk)  # one at a time
    owner.signing_credentials.filter(retired_at=None).update(retired_at=timezone.now())


def _owned_by(owner: User | Practice) -> dict[str, Any]:
    return {"user": owner} if isinstance(owner, User) else {"practice": owner}


def _people(owner: User | Practice | None) -> list[tuple[User, Practice]]:
    """Whom to warn: the practitioner, with a practice where they work; or the practice's administrators."""
    if isinstance(owner, User):
        memberships = Membership.objects.held_by(owner, Role.PRACTITIONER).order_by("pk")[:1]
    else:
        memberships = Membership.objects.in_force().filter(practice=owner, is_admin=True)
    return [(membership.user, membership.practice) for membership in memberships.select_related("user", "practice")]


def _notify_of_change(owner: User | Practice) -> None:
    for user, _practice in _people(owner):
        messages.plan_signature_changed_email(user)
