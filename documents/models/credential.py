"""What a practitioner signs with: a signature image, and a certificate whose key is encrypted at rest."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User


class InstallationAuthority(models.Model):
    """The installation's own certificate authority. One is current; older ones stay, to verify by."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    certificate = models.BinaryField(help_text="X.509, DER")
    private_key = models.BinaryField(help_text="PKCS#8, PEM, encrypted under SIGNING_PASSPHRASE")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(retired_at=None), name="authority_one_current"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SigningCredential(models.Model):
    """A practitioner's signing certificate and its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="signing_credentials")
    authority = models.ForeignKey(InstallationAuthority, on_delete=models.PROTECT, related_name="credentials")
    certificate = models.BinaryField(help_text="X.509, DER")
    private_key = models.BinaryField(help_text="PKCS#8, PEM, encrypted under SIGNING_PASSPHRASE")
    not_after = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="credential_one_current_per_user"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SignatureImage(models.Model):
    """How the practitioner's signature looks. Re-encoded PNG; never anybody else's to fetch or place."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="signature_image")
    png = models.BinaryField()
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.pk)
