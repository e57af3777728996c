"""Forms that read what a browser says of a passkey. Anybody can post anything there: whatever is not a valid passkey
gets one sentence, whichever parser refuses it (allauth passes on exceptions of fido2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as allauth_forms
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User

NOT_MADE = _("La clé n’a pas été créée. Réessayez, ou choisissez un mot de passe.")
NOT_ADDED = _("La clé n’a pas été créée. Réessayez.")
NOT_KNOWN = _("Cette clé d’accès n’a pas été reconnue. Réessayez, ou utilisez un autre moyen.")
ASKED_FOR = "passkey_asked_for"  # in a session: the act, and the challenge of its key
LONGEST_NAME = 100  # characters
LONGEST_TEXT = 65_536  # characters of a part of a credential; a real one has some hundred
KEPT_AS_THEY_ARE = {"too_many_login_attempts"}
OF_PARSERS = (
    *(ValidationError, KeyError, IndexError, TypeError, ValueError, AttributeError, AssertionError, OverflowError),
    *(RecursionError, struct.error, InvalidSignature, UnsupportedAlgorithm),
)


@contextmanager
def same_refusal(sentence: str | Promise) -> Iterator[None]:
    """Raises ValidationError with this sentence for whatever a parser of credentials raises; limits on tries pass."""
    try:
        yield
    except OF_PARSERS as error:
        if isinstance(error, ValidationError) and getattr(error, "code", None) in KEPT_AS_THEY_ARE:
            raise
        raise ValidationError(str(sentence), code="passkey") from error


class CredentialField(forms.JSONField):
    """JSON of the browser; nothing of it is written back into a page."""

    def __init__(self, sentence: str | Promise, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.HiddenInput, error_messages=dict.fromkeys(("required", "invalid"), sentence), **kwargs
        )
        self.sentence = sentence

    def to_python(self, value: Any) -> Any:
        with same_refusal(self.sentence):  # too deep, or a number with a million digits
            credential = super().to_python(value)
            if credential not in self.empty_values and credential["type"] != "public-key":
                raise ValueError("Not a public-key credential (WebAuthn, 5.10.2).")
            return credential

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None

    def prepare_value(self, value: Any) -> str:
        return ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True


class NewPasskey:
    """Beside a form of allauth that adds a passkey."""

    sentence: str | Promise = NOT_ADDED
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(self.sentence)
        self.fields["name"] = forms.CharField(
            required=False, max_length=LONGEST_NAME, label=_("Nom de la clé, pour la reconnaître")
        )

    def clean(self) -> dict[str, Any]:
        with same_refusal(self.sentence):
            cleaned: dict[str, Any] = super().clean()  # type: ignore[misc]  # of the form beside which this stands
            if cleaned.get("credential"):
                cleaned["credential"] = stored_form(cleaned["credential"])
        return cleaned


class AddForm(NewPasskey, allauth_forms.AddWebAuthnForm):
    """Adds a passkey to one's account."""


class SignupForm(NewPasskey, allauth_forms.SignupWebAuthnForm):
    """A passkey of a new account."""

    sentence = NOT_MADE


class KnownPasskey:
    """Beside a form of allauth that asks for a passkey."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = CredentialField(NOT_KNOWN)

    def clean_credential(self) -> Any:
        with same_refusal(NOT_KNOWN):
            return super().clean_credential()  # type: ignore[misc]  # of the form beside which this stands


class LoginForm(KnownPasskey, allauth_forms.LoginWebAuthnForm):
    """Signs in."""


class ReauthenticateForm(KnownPasskey, allauth_forms.ReauthenticateWebAuthnForm):
    """Confirms who one is."""


class ConfirmForm(KnownPasskey, allauth_forms.AuthenticateWebAuthnForm):
    """Confirms one act; the session stays as it was signed in. What asked for the key is in `asked_for`."""


def ask_for_key(request: HttpRequest, user: User, act: str) -> dict[str, Any]:
    """Options for the browser to ask for a passkey of this account, for this act alone."""
    options = auth.begin_authentication(user)
    request.session[ASKED_FOR] = [act, auth.get_state()["challenge"]]
    return dict(options)


def asked_for(request: HttpRequest) -> str:
    """For which act the key was asked for that a browser answers with now; "" if another page has asked since. Serves
    once."""
    act, challenge = request.session.pop(ASKED_FOR, ["", ""])
    state = auth.get_state() or {}
    return str(act) if challenge and state.get("challenge") == challenge else ""


def has_passkey(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists())


class NewAccountForm(forms.Form):
    """The passkey of an account that is about to be opened; it must have verified the person."""

    credential = CredentialField(NOT_MADE)

    def clean_credential(self) -> dict[str, Any]:
        credential = self.cleaned_data["credential"]
        with same_refusal(NOT_MADE):
            auth.parse_registration_response(credential)
            verified = auth.complete_registration(credential).is_user_verified()
            stored = stored_form(credential)
        if not verified:
            raise ValidationError(_("Cette clé n’a pas demandé votre code, votre doigt ou votre visage."))
        return stored


def stored_form(credential: dict[str, Any]) -> dict[str, Any]:
    """The parts of a credential that are read again, as plain text: databases do not store every character of JSON.
    Raises ValueError."""
    parts: dict[str, Any] = {name: _plain(credential[name]) for name in ("id", "rawId", "type") if name in credential}
    response = {name: _plain(credential["response"][name]) for name in ("clientDataJSON", "attestationObject")}
    results = credential.get("clientExtensionResults") or {}
    stays = (results.get("credProps") or {}).get("rk") if isinstance(results, dict) else None
    extensions = {"credProps": {"rk": stays}} if isinstance(stays, bool) else {}
    return {**parts, "response": response, "clientExtensionResults": extensions}


def _plain(text: object) -> str:
    if not isinstance(text, str) or not text.isascii() or not text.isprintable() or len(text) > LONGEST_TEXT:
        raise ValueError("Not a part of a credential.")
    return text
