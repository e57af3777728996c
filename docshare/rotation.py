"""Changes a key: encrypts everything under a former key again, until the former one may be dropped.

It may run beside the working site and be repeated after a kill: each row is written separately, and rows under the
key in use stay unchanged (docshare/sealed.py). The operator can give up a lost key.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from docshare.sealed import KINDS, RowCounts
from docshare.wrong_keys import decrypts_something, note, note_keys
from documents.models import DocumentLink
from patients.models import Invitation
from sealing.key_checks import SECRET_KEY, SIGNING_PASSPHRASE, fits, keys_of
from sealing.models import KeyCheck
from signing.models import InstallationAuthority, KeyPlace, SigningCredential
from signing.passphrases import passphrases
from signing.pdf.keys import KeyNotOpened, opened

PASSES = 5  # rows that changed meanwhile, or that a process with the former key wrote, require another pass
BETWEEN_PASSES = 1.0  # seconds


@dataclass
class RotationResult:
    """The result for one secret. `tallies`: by kind, at the end; `resealed`: number of rows written, by kind;
    `links`: number of links in mailboxes that the former key signed."""

    secret: str
    tallies: dict[str, RowCounts] = field(default_factory=dict)
    resealed: dict[str, int] = field(default_factory=dict)
    missing: bool = False  # a former key is not in the settings
    links: int = 0
    dropped: int = 0  # number of removed checks of former keys that nothing needs any more

    @property
    def left(self) -> int:
        return sum(tally.former for tally in self.tallies.values())


def rotate(secret: str, *, dry_run: bool = False) -> RotationResult:
    """Encrypt again what is encrypted under former values of `secret`."""
    done = RotationResult(secret)
    if not dry_run:
        note_keys()
    kinds = [kind for kind in KINDS if kind.secret == secret]
    for attempt in range(PASSES):
        if not dry_run:
            for kind in kinds:
                written = kind.walk(write=True).former
                done.resealed[kind.name] = done.resealed.get(kind.name, 0) + written
        done.tallies = {kind.name: kind.walk(write=False) for kind in kinds}
        if dry_run or not done.left:
            break
        if attempt + 1 < PASSES:
            time.sleep(BETWEEN_PASSES)
    _end(done, dry_run=dry_run)
    return done


@transaction.atomic
def _end(done: RotationResult, *, dry_run: bool) -> None:
    keys = keys_of(done.secret)
    checks = list(KeyCheck.objects.select_for_update().filter(secret=done.secret))
    current = [check for check in checks if fits(check, keys[:1])]
    done.missing = not all(fits(check, keys) for check in checks)
    if not checks:  # no key is recorded yet, or this key decrypts nothing
        done.missing = decrypts_something(done.secret) is False
    if done.secret == SECRET_KEY and current and keys[1:]:
        done.links = signed_links(before=min(check.noted_at for check in current))
    if dry_run or not current:
        return
    former = [check for check in checks if check not in current and fits(check, keys[1:])]
    if not done.left:
        done.dropped, _each = KeyCheck.objects.filter(pk__in=[check.pk for check in former]).delete()
    if done.dropped or any(done.resealed.values()):
        record(
            "keys.rotated",
            by=None,
            on=current[0],
            detail={"secret": done.secret, "sealed_again": sum(done.resealed.values()), "left": done.left},
        )


def signed_links(*, before: datetime) -> int:
    """Number of valid links in mailboxes that only the former SECRET_KEY verifies."""
    now = timezone.now()
    links = DocumentLink.objects.filter(revoked_at=None, created_at__lt=before)
    invitations = Invitation.objects.live().filter(expires_at__gt=now, created_at__lt=before)
    return links.count() + invitations.count()


@transaction.atomic
def give_up(secret: str) -> int:
    """Give up a lost key; returns how many authorities and certificates were retired.

    Data under this key stay and fail individually with a sentence. For SIGNING_PASSPHRASE, certificates and
    authorities of this installation are retired, so that the next signature creates new ones; owners must import
    their own certificates again. Raises ValueError if no key is missing.
    """
    checks = list(KeyCheck.objects.select_for_update().filter(secret=secret))
    missing = [check for check in checks if not fits(check, keys_of(secret))]
    if not missing and (checks or decrypts_something(secret) is not False):
        raise ValueError(secret)
    KeyCheck.objects.filter(pk__in=[check.pk for check in missing]).delete()
    key = keys_of(secret)[0]
    current = next((check for check in checks if fits(check, [key])), None) or note(secret, key)
    retired = _retire_unreadable() if secret == SIGNING_PASSPHRASE else 0
    record("keys.given_up", by=None, on=current, detail={"secret": secret, "retired": retired})
    return retired


def _retire_unreadable() -> int:
    ours = SigningCredential.objects.select_for_update().filter(retired_at=None, key_place=KeyPlace.AUTHORITY)
    authorities = InstallationAuthority.objects.select_for_update().filter(retired_at=None)
    rows: list[SigningCredential | InstallationAuthority] = [*ours, *authorities]
    retired = 0
    for row in rows:
        try:
            opened(bytes(row.private_key), *passphrases())
        except KeyNotOpened:
            row.retired_at = timezone.now()
            row.save(update_fields=["retired_at"])
            retired += 1
    return retired
