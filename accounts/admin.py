"""Accounts in the operator's admin: operators, invitations of operators, blocked accounts.

No page shows a patient's name, or an address that the operator did not type.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin
import django.contrib.auth.admin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.account_links import withdraw_link
from accounts.models import AccountLink, BlockedAccount, Operator, Purpose, User
from accounts.operators import invite_operator, operators, remove_operator
from accounts.unlocking import block, is_locked, locked_accounts, remove_factors, unlock
from notifications.wording import masked_email
from refusals import Refusal

M = TypeVar("M", bound=Model)

# What other packages register shows contacts, keys of sessions and secrets of factors.
THEIRS = (allauth.account.admin, allauth.mfa.admin, allauth.usersessions.admin, django.contrib.auth.admin)
admin.site.unregister([EmailAddress, Authenticator, UserSession, Group])


def acting(request: HttpRequest) -> User:
    return cast("User", request.user)


class OnlyActs(admin.ModelAdmin[M]):
    """A list with acts of our own: nothing is edited or deleted by Django's forms."""

    list_display_links = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return obj is None  # the list, with its acts, but no page of one row

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return obj is None

    def each(self, request: HttpRequest, rows: QuerySet[M], act: Any, done: str) -> None:
        """Do it to every chosen row, and say what came of it. `act` is a use case."""
        count = 0
        for row in rows:
            try:
                act(row)
                count += 1
            except Refusal as refused:
                self.message_user(request, refused.sentence, messages.ERROR)
        if count:
            self.message_user(request, f"{done} ({count})", messages.SUCCESS)


@admin.register(Operator)
class OperatorAdmin(OnlyActs[Operator]):
    list_display = ("email", "first_name", "last_name", "last_login")
    search_fields = ("email", "first_name", "last_name")
    actions = ("remove",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operator]:
        return super().get_queryset(request).filter(pk__in=operators().values("pk"))

    @admin.action(description=gettext_lazy("Retirer des exploitants"))
    def remove(self, request: HttpRequest, queryset: QuerySet[Operator]) -> None:
        self.each(
            request,
            queryset,
            lambda operator: remove_operator(operator=operator, by=acting(request)),
            _("Exploitants retirés"),
        )


class InvitationForm(forms.ModelForm[AccountLink]):
    email = forms.EmailField(label=gettext_lazy("adresse e-mail"))

    class Meta:
        model = AccountLink
        fields = ("email",)

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if operators().filter(email__iexact=email).exists():
            raise forms.ValidationError(_("Cette personne est déjà exploitante."))
        return email.lower()


@admin.register(AccountLink)
class OperatorInvitationAdmin(OnlyActs[AccountLink]):
    """Invitations of operators. Adding one sends the link by email; adding it again replaces the link."""

    form = InvitationForm
    list_display = ("email", "created_at", "expires_at", "used_at", "ended_at")
    search_fields = ("email",)
    actions = ("withdraw",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountLink]:
        return super().get_queryset(request).filter(purpose=Purpose.OPERATOR).order_by("-created_at")

    def save_model(self, request: HttpRequest, obj: AccountLink, form: Any, change: bool) -> None:
        made = invite_operator(email=obj.email, by=acting(request))
        obj.pk, obj._state.adding = made.pk, False

    @admin.action(description=gettext_lazy("Arrêter l’invitation"))
    def withdraw(self, request: HttpRequest, queryset: QuerySet[AccountLink]) -> None:
        self.each(
            request, queryset, lambda link: withdraw_link(link=link, by=acting(request)), _("Invitations arrêtées")
        )


@admin.register(BlockedAccount)
class BlockedAccountAdmin(OnlyActs[BlockedAccount]):
    """Blocked accounts, with masked addresses; any account is found by its whole address."""

    list_display = ("address", "state", "last_login")
    search_fields = ("email",)
    search_help_text = gettext_lazy("L’adresse e-mail entière d’un compte, bloqué ou non")
    actions = ("unlock", "block", "remove_factors")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlockedAccount]:
        accounts = super().get_queryset(request).exclude(email__endswith="@erased.invalid").order_by("pk")
        if request.GET.get("q") or request.method == "POST":
            return accounts
        return accounts.filter(is_active=False) | accounts.filter(pk__in=locked_accounts())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BlockedAccount], search_term: str
    ) -> tuple[QuerySet[BlockedAccount], bool]:
        return (queryset.filter(email__iexact=search_term.strip()) if search_term else queryset), False

    @admin.display(description=gettext_lazy("adresse e-mail"))
    def address(self, obj: BlockedAccount) -> str:
        return masked_email(obj.email)

    @admin.display(description=gettext_lazy("état"))
    def state(self, obj: BlockedAccount) -> str:
        if not obj.is_active:
            return _("Désactivé")
        return _("Trop d’essais") if is_locked(obj) else _("Peut se connecter")

    @admin.action(description=gettext_lazy("Débloquer"))
    def unlock(self, request: HttpRequest, queryset: QuerySet[BlockedAccount]) -> None:
        self.each(request, queryset, lambda user: unlock(user=user, by=acting(request)), _("Comptes débloqués"))

    @admin.action(description=gettext_lazy("Bloquer"))
    def block(self, request: HttpRequest, queryset: QuerySet[BlockedAccount]) -> None:
        self.each(request, queryset, lambda user: block(user=user, by=acting(request)), _("Comptes bloqués"))

    @admin.action(description=gettext_lazy("Retirer la double authentification"))
    def remove_factors(self, request: HttpRequest, queryset: QuerySet[BlockedAccount]) -> None:
        self.each(
            request,
            queryset,
            lambda user: remove_factors(user=user, by=acting(request)),
            _("Double authentification retirée"),
        )
