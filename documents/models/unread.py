"""After how many days a practice's unread documents are reminded of."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from practices.models import Practice

DEFAULT_DAYS = 3
MAX_DAYS = 30


class UnreadPolicy(models.Model):
    """Practices without a row have the default (docs/decisions/0017)."""

    practice = models.OneToOneField(
        Practice, on_delete=models.CASCADE, primary_key=True, related_name="unread_policy"
    )
    days = models.PositiveSmallIntegerField(
        _("relancer après, en jours"),
        null=True,
        blank=True,
        default=DEFAULT_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text="Null: never",
    )

    def __str__(self) -> str:
        return str(self.practice_id)

    @classmethod
    def of(cls, practice: Practice) -> UnreadPolicy:
        return cls.objects.filter(practice=practice).first() or cls(practice=practice)
