"""How allauth behaves here: no open sign-up (accounts are made by proof), messages through our outbox."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from accounts.sole_control import sets_up_first_factor
from notifications.outbox import plan_email


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        """allauth's, with ours before the second factor (which makes it needless)."""
        stages: list[str] = super().get_login_stages()
        second_factor = stages.index("allauth.mfa.stages.AuthenticateStage")
        return [*stages[:second_factor], "accounts.stages.NewDeviceStage", *stages[second_factor:]]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """allauth takes no sign-in for enough. Whoever signed in a moment ago without a second factor sets the first
        one up, and sees its recovery codes, without typing the password again.
        """
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required and not (app == "allauth.mfa" and sets_up_first_factor(self.request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queued in the outbox like every message; allauth's own text, in the account's language."""
        user = User.objects.filter(email__iexact=email).first()
        language = user.language if user else translation.get_language() or "fr"
        with translation.override(language):
            context = {"request": self.request, "email": email, **_with_our_links(context)}
            subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", context).split())
            body = render_to_string(f"{template_prefix}_message.txt", context, self.request).strip()
        plan_email(to=email, subject=subject, body=body, language=language)


def _with_our_links(context: dict[str, Any]) -> dict[str, Any]:
    """allauth builds links from the request's host; ours begin with PUBLIC_URL, whoever asked (security case 16)."""
    return {
        name: settings.PUBLIC_URL + urlsplit(value)._replace(scheme="", netloc="").geturl()
        if name.endswith("_url") and isinstance(value, str) and urlsplit(value).netloc
        else value
        for name, value in context.items()
    }
