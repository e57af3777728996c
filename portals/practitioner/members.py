"""Members of the practice: invited, changed, removed. Administrators only."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from portals.answers import done, refusals_shown
from portals.form_errors import refusals_in
from portals.practitioner.confirmation import Question, ask
from portals.practitioner.member_forms import InvitationForm, RightsForm, initial_of
from portals.practitioner.practices import administered_practice, practices_of
from portals.practitioner.staff import frame, staff_only
from practices.colleagues import (
    change_colleague,
    change_invitation,
    invite,
    invite_again,
    remove_colleague,
    revoke_invitation,
)
from practices.models import ColleagueInvitation, Practice, Role
from practices.roles import may_administer
from practices.team import TeamMember, team_member, team_of
from practices.wording import period_in_words, rights_in_words


@dataclass(frozen=True)
class Row:
    member: TeamMember
    rights: str
    period: str
    is_self: bool


@staff_only
@require_safe
def members(request: HttpRequest, user: User) -> HttpResponse:
    """Members, and people whose invitation waits."""
    practice = administered_practice(request, user)
    rows = [
        Row(
            member=one,
            rights=", ".join(rights_in_words(one.roles)),
            period=period_in_words(one.period),
            is_self=one.membership is not None and one.membership.user_id == user.pk,
        )
        for one in team_of(practice)
    ]
    own = next((one.member for one in rows if one.is_self), None)
    nobody_signs = not any(Role.PRACTITIONER in one.member.roles for one in rows)
    own_line = own.id if own and nobody_signs else None
    context = frame(request, user, "settings", practice=practice, rows=rows, own_line=own_line)
    return render(request, "practitioner/members.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def new_member(request: HttpRequest, user: User) -> HttpResponse:
    practice = administered_practice(request, user)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            made = invite(
                practice=practice, identity=form.identity, roles=form.chosen_roles, period=form.period, by=user
            )
            messages.success(request, _("L’invitation part à %(email)s.") % {"email": made.email})
            return done("practitioner:members")
    context = frame(request, user, "settings", practice=practice, form=form)
    return render(request, "practitioner/member.html", context, status=400 if form.errors else 200)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Roles and days of a member; of an invitation, everything."""
    practice, member = _member(user, pk)
    is_self = member.membership is not None and member.membership.user_id == user.pk
    kind = InvitationForm if member.invitation else RightsForm
    form = kind(request.POST or None, initial=initial_of(member, kind.base_fields))
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            _save(member, form, user)
            messages.success(request, _("Les changements sont enregistrés."))
            if is_self and Role.PRACTITIONER in form.chosen_roles and not user.professional_number:
                messages.info(request, _("Vous signez maintenant : complétez ici votre titre et votre RPPS."))
                return done("practitioner:account")
            return done("practitioner:members" if may_administer(user, practice) else "practitioner:agenda")
    context = frame(request, user, "settings", practice=practice, form=form, member=member, is_self=is_self)
    return render(request, "practitioner/member.html", context, status=400 if form.errors else 200)


@staff_only
@require_POST
def invite_member_again(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    _practice, member = _member(user, pk)
    with refusals_shown(request) as refusal:
        if member.invitation is None:
            raise Http404
        again = invite_again(invitation=member.invitation, by=user)
        sentence = _("Un nouveau lien part à %(email)s. L’ancien ne sert plus.")
        messages.success(request, sentence % {"email": again.email})
    return refusal.redirect("practitioner:members")


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def remove_member(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first, and says what ends and what stays."""
    practice, member = _member(user, pk)
    if request.method != "POST":
        return ask(request, user, _question(member, user), practice=practice)
    with refusals_shown(request) as refusal:
        if member.membership:
            remove_colleague(membership=member.membership, by=user)
        elif member.invitation:
            revoke_invitation(invitation=member.invitation, by=user)
        sentence = _("%(name)s n’a plus accès au cabinet.") if member.membership else _("L’invitation est retirée.")
        messages.success(request, sentence % {"name": member.full_name} if member.membership else sentence)
    if refusal.refusal or may_administer(user, practice):
        return refusal.redirect("practitioner:members")
    return refusal.redirect("home")  # somebody who has removed themselves


def _member(user: User, pk: uuid.UUID) -> tuple[Practice, TeamMember]:
    """A member, or somebody invited, of a practice that the user administers. Raises Http404."""
    for practice in practices_of(user):
        member = team_member(practice, pk) if may_administer(user, practice) else None
        if member:
            return practice, member
    raise Http404


def _save(member: TeamMember, form: RightsForm, by: User) -> None:
    roles, period = form.chosen_roles, form.period
    if member.membership:
        change_colleague(membership=member.membership, roles=roles, period=period, by=by)
    elif member.invitation and isinstance(form, InvitationForm):
        change_invitation(invitation=member.invitation, identity=form.identity, roles=roles, period=period, by=by)


def _question(member: TeamMember, user: User) -> Question:
    back = reverse("practitioner:members")
    if member.membership is None:
        return Question(
            heading=_("Retirer l’invitation pour %(name)s ?") % {"name": member.full_name},
            ends=[_("Le lien de l’e-mail n’ouvre plus rien.")],
            button=_("Retirer l’invitation"),
            back=back,
            section="settings",
        )
    ends = [
        _("L’accès prend fin à la prochaine page ouverte, dans le navigateur comme par l’API."),
        _("Ce qui a été partagé et signé reste aux patients et au cabinet. Les agendas et les rendez-vous restent."),
        _("Sans autre cabinet, ses sessions et ses jetons d’API prennent fin aussi."),
    ]
    sent = ColleagueInvitation.objects.pending().filter(
        practice=member.membership.practice_id, invited_by=member.membership.user_id
    )
    if count := sent.count():
        ends.append(
            ngettext(
                "L’invitation qu’elle a envoyée et qui attend est retirée.",
                "Les %(count)d invitations qu’elle a envoyées et qui attendent sont retirées.",
                count,
            )
            % {"count": count}
        )
    is_self = member.membership.user_id == user.pk
    heading = (
        _("Quitter le cabinet ?") if is_self else _("Retirer %(name)s du cabinet ?") % {"name": member.full_name}
    )
    button = _("Quitter le cabinet") if is_self else _("Retirer du cabinet")
    return Question(heading=heading, ends=ends, button=button, back=back, section="settings")
