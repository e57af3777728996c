"""Kinds of documents, the same for every practice of the installation."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def label_in_language(french: str, english: str) -> str:
    return english if (get_language() or "fr").startswith("en") else french


class Category(models.Model):
    code = models.SlugField(_("code"), primary_key=True, max_length=40)
    label_fr = models.CharField(_("libellé français"), max_length=100)
    label_en = models.CharField(_("libellé anglais"), max_length=100)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    is_active = models.BooleanField(_("proposée"), default=True)

    class Meta:
        verbose_name = _("catégorie")
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return label_in_language(self.label_fr, self.label_en)
