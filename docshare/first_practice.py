"""The first operator with a practice of theirs, for scripts that set an installation up; new links for lost ones."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import transaction

from accounts.models import User
from accounts.operators import make_first_link, renew_operator_link
from accounts.tokens import issue_token
from practices.colleagues import renew_link
from practices.founding import found_practice
from practices.members import add_member
from practices.models import ColleagueInvitation, Role
from practices.roles import scopes_for

TOKEN_NAME = "first_run"  # noqa: S105  # a label


@transaction.atomic
def make_operator_with_practice(*, email: str, name: str) -> dict[str, Any]:
    """The link that sets password and second factor, the practice, and an API token with all scopes of the roles.

    Raises OperatorExists, EmailTaken, ValidationError; nothing is made then.
    """
    link = make_first_link(email=email)
    operator = User.objects.get(email__iexact=email)
    practice = found_practice(name=name, time_zone="Europe/Paris", language="fr", by=None)
    add_member(user=operator, practice=practice, roles=[Role.ADMIN], by=None)
    _token, secret = issue_token(user=operator, name=TOKEN_NAME, scopes=scopes_for(operator), by=None)
    return {"link": link, "practice": {"id": str(practice.pk), "name": practice.name}, "token": secret}


class NewLink(NamedTuple):
    """`practice`: the name of the practice to administer; "" for the link of an operator."""

    link: str
    practice: str


@transaction.atomic
def renew_links(*, email: str) -> list[NewLink]:
    """A new link for each operator's invitation that this address has not accepted, and for an operator's account
    that nobody has opened. Raises TooManyInvitations."""
    operators_link = renew_operator_link(email=email)
    links = [NewLink(operators_link, "")] if operators_link else []
    waiting = ColleagueInvitation.objects.by_operators().pending().filter(email__iexact=email)
    for invitation in waiting.select_related("practice").order_by("practice__name", "pk"):
        links.append(NewLink(renew_link(invitation=invitation), invitation.practice.name))
    return links
