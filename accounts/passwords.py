"""Refuses passwords that are easy to guess for anybody who knows the site (ASVS 5.0, 6.2.11)."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User

# Without accents, as users may type them.
CONTEXT_WORDS = (
    *("docshare", "motdepasse", "password", "azertyuiop", "azerty", "qwertyuiop", "qwerty", "bonjour", "secret"),
    *("cabinet", "medical", "medecine", "medecin", "docteur", "doctor", "infirmiere", "infirmier", "secretariat"),
    *("secretaire", "patient", "ordonnance", "document", "rendezvous", "sante", "hopital", "clinique", "admin"),
)
# longest first, because "secretariat" begins with "secret"
_WORDS = re.compile("|".join(sorted(CONTEXT_WORDS, key=len, reverse=True)))
LETTERS_OF_ONES_OWN = 4


class ContextWordsValidator:
    """Refuses passwords that consist only of such words, digits and punctuation."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        plain = unicodedata.normalize("NFKD", password).casefold()
        letters = "".join(sign for sign in plain if sign.isalpha())
        if _WORDS.search(letters) and len(_WORDS.sub("", letters)) < LETTERS_OF_ONES_OWN:
            raise ValidationError(self.get_help_text(), code="password_of_context")

    def get_help_text(self) -> str:
        return _("Ce mot de passe est de ceux que l’on essaie d’abord ici. Ajoutez-y des mots qui ne sont qu’à vous.")
