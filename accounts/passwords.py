"""Passwords that anybody who knows the site would try first (ASVS 5.0, 6.2.11)."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User

# As they are typed without accents.
CONTEXT_WORDS = (
    *("docshare", "motdepasse", "password", "azertyuiop", "azerty", "qwertyuiop", "qwerty", "bonjour", "secret"),
    *("cabinet", "medical", "medecine", "medecin", "docteur", "doctor", "infirmiere", "infirmier", "secretariat"),
    *("secretaire", "patient", "ordonnance", "document", "rendezvous", "sante", "hopital", "clinique", "admin"),
)
_WORDS = re.compile("|".join(sorted(CONTEXT_WORDS, key=len, reverse=True)))  # "secret" begins "secretariat"
LETTERS_OF_ONES_OWN = 4


class ContextWordsValidator:
    """Refuses what is made of such words, digits and signs alone."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        plain = unicodedata.normalize("NFKD", password).casefold()
        letters = "".join(sign for sign in plain if sign.isalpha())
        if _WORDS.search(letters) and len(_WORDS.sub("", letters)) < LETTERS_OF_ONES_OWN:
            raise ValidationError(self.get_help_text(), code="password_of_context")

    def get_help_text(self) -> str:
        return _("Ce mot de passe est de ceux que l’on essaie d’abord ici. Ajoutez-y des mots qui ne sont qu’à vous.")
