"""Former emails and mobiles of accounts."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import User


class FormerContact(models.Model):
    """The account's owner may still have it: it counts as theirs when a record carries it (patients/ownership.py)."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_contacts")
    contact = models.CharField(max_length=10, choices=[("email", "email"), ("mobile", "mobile")])
    value = models.CharField(max_length=254)
    until = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.id)
