"""Signature images, and certificates whose keys are encrypted at rest."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from practices.models import Practice


class InstallationAuthority(models.Model):
    """The installation's own certificate authority. One is current; older ones stay, to verify old signatures."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    certificate = models.BinaryField(help_text="X.509, DER")
    private_key = models.BinaryField(help_text="PKCS#8, PEM, encrypted under SIGNING_PASSPHRASE")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    revocation_list = models.BinaryField(null=True, editable=False, help_text="X.509 CRL, DER")
    revocation_list_at = models.DateTimeField(null=True, editable=False, help_text="When it was made")

    class Meta:
        db_table = "documents_installationauthority"
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(retired_at=None), name="authority_one_current"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class KeyPlace(models.TextChoices):
    """Where a certificate comes from and, with that, where its key is stored."""

    AUTHORITY = "authority", _("émis par cette installation")
    PKCS12 = "pkcs12", _("importé d’un fichier")
    PKCS11 = "pkcs11", _("dans un module de sécurité")
    REMOTE = "remote", _("chez un service de signature à distance")


class SigningCredential(models.Model):
    """A certificate of a practitioner or a practice, with its key.

    Retired: it signs no more, and its signatures stay valid. Revoked: nobody should trust it any more, and the
    authority's revocation list names it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="signing_credentials"
    )
    practice = models.ForeignKey(
        Practice, on_delete=models.PROTECT, null=True, blank=True, related_name="signing_credentials"
    )
    key_place = models.CharField(
        max_length=10, choices=KeyPlace, default=KeyPlace.AUTHORITY, db_default=KeyPlace.AUTHORITY
    )
    authority = models.ForeignKey(
        InstallationAuthority, on_delete=models.PROTECT, null=True, blank=True, related_name="credentials"
    )
    certificate = models.BinaryField(help_text="X.509, DER")
    chain = models.JSONField(default=list, db_default=[], blank=True, help_text="X.509, DER in base64, issuer first")
    private_key = models.BinaryField(help_text="PKCS#8, PEM, encrypted under SIGNING_PASSPHRASE; empty: elsewhere")
    key_reference = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Of a key elsewhere: an URI (RFC 7512), or a remote credential's id",
    )
    not_after = models.DateTimeField()
    told_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="For how many days before its end its owner has been warned last"
    )
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "documents_signingcredential"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(retired_at=None), name="credential_one_current_per_user"
            ),
            models.UniqueConstraint(
                fields=["practice"], condition=Q(retired_at=None), name="credential_one_current_per_practice"
            ),
            models.CheckConstraint(
                condition=Q(user=None, practice__isnull=False) | Q(user__isnull=False, practice=None),
                name="credential_of_somebody",
            ),
            models.CheckConstraint(
                condition=Q(key_place="authority", authority__isnull=False)
                | (~Q(key_place="authority") & Q(authority=None)),
                name="credential_authority_issued_its_own",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(retired_at__isnull=False), name="credential_revoked_signs_no_more"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_ours(self) -> bool:
        """Issued and renewed by this installation."""
        return self.key_place == KeyPlace.AUTHORITY

    @property
    def days_left(self) -> int:
        """Whole days until it ends; negative once it has."""
        return (self.not_after - timezone.now()).days


class SignatureImage(models.Model):
    """How the practitioner's signature looks. Re-encoded PNG; nobody else can fetch or place it."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="signature_image")
    png = models.BinaryField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "documents_signatureimage"

    def __str__(self) -> str:
        return str(self.pk)
