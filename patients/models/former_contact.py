"""What an account's own email or mobile was before it changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import User


class FormerContact(models.Model):
    """Whoever changed it may still have it: it counts as the account's when it stands on a record
    (patients/ownership.py)."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_contacts")
    contact = models.CharField(max_length=10, choices=[("email", "email"), ("mobile", "mobile")])
    value = models.CharField(max_length=254)
    until = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.id)
