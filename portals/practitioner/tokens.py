"""The user's own API tokens: create (shown once), list, revoke."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Scope, User
from accounts.sole_control import after_recent_sign_in
from accounts.tokens import issue_token, revoke_token
from portals.answers import done
from portals.form_fields import choice_field
from portals.pagination import list_page
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.staff import frame, staff_only
from practices.roles import scopes_for

LIFETIMES = {30: gettext_lazy("30 jours"), 90: gettext_lazy("90 jours"), 365: gettext_lazy("un an")}


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("À quoi sert ce jeton ?"),
        help_text=gettext_lazy("Par exemple le nom du logiciel qui s’en servira."),
        max_length=100,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Dites à quoi sert ce jeton.")},
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Ce qu’il permet"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez au moins un droit.")},
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Valable"),
        coerce=int,
        choices=list(LIFETIMES.items()),
        initial=90,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice_field(self, "scopes").choices = [(scope.value, scope.label) for scope in scopes_for(user)]


@staff_only
@require_safe
def tokens(request: HttpRequest, user: User) -> HttpResponse:
    now = timezone.now()
    page = list_page(request, user.api_tokens.all())
    rows = [
        {
            "token": token,
            "scopes": [Scope(scope).label for scope in token.scopes],
            "state": "revoked" if token.revoked_at else "expired" if token.expires_at <= now else "valid",
        }
        for token in page
    ]
    return render(request, "practitioner/tokens.html", frame(request, user, "tokens", rows=page.of(rows)))


@staff_only
@after_recent_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_token(request: HttpRequest, user: User) -> HttpResponse:
    """A token acts as its user: creating one requires the password again."""
    form = TokenForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        token, secret = issue_token(
            user=user,
            name=form.cleaned_data["name"],
            scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
            lifetime=timedelta(days=form.cleaned_data["days"]),
            by=user,
        )
        # Shown in this answer only: no address, session or database contains the secret.
        return render(
            request, "practitioner/token_made.html", frame(request, user, "tokens", token=token, secret=secret)
        )
    status = 400 if form.errors else 200
    context = frame(request, user, "tokens", form=form, has_errors=bool(form.errors))
    return render(request, "practitioner/token_new.html", context, status=status)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: a revoked token is never valid again."""
    token = get_object_or_404(user.api_tokens, pk=pk)
    if request.method != "POST":
        question = Question(
            heading=_("Révoquer le jeton « %(name)s » ?") % {"name": token.name},
            ends=[
                _(
                    "Le logiciel qui l’emploie n’aura plus accès à rien. Pour le lui rendre, il faudra un nouveau "
                    "jeton."
                )
            ],
            button=_("Révoquer"),
            back=reverse("practitioner:tokens"),
            section="tokens",
        )
        return ask(request, user, question)
    revoke_token(token=token, by=user)
    messages.success(request, _("Le jeton est révoqué : il n’ouvre plus rien."))
    return done("practitioner:tokens")
