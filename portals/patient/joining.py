"""A new patient books: the slot is held, then identity, two codes and a password open the account that books it.

The session names the hold and the sign-up; what was typed is in the SignUp row, which lives for half an hour.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.account_links import Passkey
from accounts.addresses import counted_address
from accounts.device_cookie import asks_to_remember, keep_device
from accounts.models import User
from accounts.passkeys import NewAccountForm
from appointments.booking_limits import BookingLimit
from appointments.holds import hold_slot
from appointments.instructions import instructions_for
from appointments.models import BookedFor, SlotHold
from appointments.online import SlotTaken, book_online
from appointments.slots import is_free
from patients.claiming import AccountExists
from patients.models import SignUp
from patients.sign_up import SignUpOver, begin_sign_up, open_new_account, prove_contacts, send_codes
from portals.answers import done, not_done, refusals_shown
from portals.days import moment_of
from portals.form_errors import refusals_in
from portals.new_password import PasswordForm
from portals.patient.booking_choice import Choice, choice_of, following, taken_page
from portals.patient.holding import SESSION_KEY, hold_of, sign_up_of
from portals.patient.joining_forms import JoinForm, TwoCodesForm
from portals.patient.notice_words import booked_sentence, sent_notices_to_you
from portals.signing_in import sign_in
from portals.stored_pages import not_of_this_page

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Joining:
    """The visitor's own hold, with what it is for; `sign_up` once the identity was typed."""

    choice: Choice
    hold: SlotHold
    sign_up: SignUp | None

    @property
    def context(self) -> dict[str, Any]:
        """What every page of the way shows: the slot, and until when it is held."""
        zone = self.choice.agenda.practice.zone
        return {
            "choice": self.choice,
            "hold": self.hold,
            "start": timezone.localtime(self.hold.starts_at, zone),
            "until": timezone.localtime(self.hold.expires_at, zone),
            "section": "book",
        }


@login_not_required
@require_POST
def hold(request: HttpRequest, agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> HttpResponse:
    """Hold the slot of the button; what was typed for another slot of the practice stays."""
    choice = choice_of(agenda, reason, kind)
    start = moment_of(request.POST.get("start"))
    if start is None:
        return not_done(choice.url("book-slots"))
    if request.user.is_authenticated:
        return not_done(choice.url("book-whom", start=start.isoformat()))
    former = hold_of(request)
    with refusals_shown(request):
        try:
            held = hold_slot(
                agenda=choice.agenda,
                visit_reason=choice.visit_reason,
                starts_at=start,
                kind=choice.kind,
                origin=counted_address(request),
                instead_of=former.pk if former else None,
            )
        except SlotTaken as taken:
            return taken_page(request, choice, taken.next_free)
        sign_up = sign_up_of(request)
        if sign_up is None or sign_up.practice_id != choice.agenda.practice_id:
            request.session[SESSION_KEY] = {"hold": str(held.pk)}
            return done("patient:join")
        request.session[SESSION_KEY] = {**request.session[SESSION_KEY], "hold": str(held.pk)}
        return done("patient:join-codes")
    return not_done(choice.url("book-slots"))


def _step(view: Callable[[HttpRequest, Joining], HttpResponse]) -> View:
    """A page of the way: needs the hold of this session. A form of another hold's page does nothing."""

    @login_not_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        held = hold_of(request)
        if held is None:
            return render(request, "patient/joining/lost.html", {"section": "book"}, status=404)
        if request.user.is_authenticated:
            return not_done("patient:appointments")
        choice = choice_of(held.agenda_id, held.visit_reason_id, held.kind)
        joining = Joining(choice, held, sign_up_of(request))
        if request.POST.get("hold", str(held.pk)) != str(held.pk):
            return not_of_this_page(request)
        if held.expires_at <= timezone.now():
            return render(request, "patient/joining/over.html", joining.context, status=410)
        if request.method != "POST" and not _still_free(held):  # a form is kept first, and leads to a page that asks
            return taken_page(request, choice, following(choice, held.starts_at), was_held=True)
        return view(request, joining)

    return wrapped


@_step
def join(request: HttpRequest, joining: Joining) -> HttpResponse:
    """Who books: names, birth date, mobile, email."""
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            started = begin_sign_up(
                practice=joining.choice.agenda.practice,
                person=form.person(),
                language=get_language() or "fr",
                origin=counted_address(request),
                book_at=_whom(joining),
            )
            request.session[SESSION_KEY] = {
                **request.session[SESSION_KEY],
                "sign_up": str(started.pk),
                "who": form.cleaned_data["who"],
            }
            return done("patient:join-codes")
    context = {**joining.context, "form": form, "sign_in_at": _whom(joining)}
    return render(request, "patient/joining/join.html", context, status=400 if form.errors else 200)


@_step
def codes(request: HttpRequest, joining: Joining) -> HttpResponse:
    """One code proves the mobile, another one the email."""
    sign_up = joining.sign_up
    if sign_up is None:
        return not_done("patient:join")
    if request.method == "POST" and "resend" in request.POST:
        with refusals_shown(request):
            send_codes(sign_up=sign_up, book_at=_whom(joining))
            messages.info(request, _("De nouveaux codes viennent de partir."))
        return not_done("patient:join-codes")
    if sign_up.email_proved_at and sign_up.mobile_proved_at:
        return not_done("patient:join-password")
    form = TwoCodesForm(request.POST or None, sign_up=sign_up)
    if request.method == "POST" and form.is_valid():
        wrong = prove_contacts(
            sign_up=sign_up,
            email_code=form.cleaned_data.get("email_code", ""),
            mobile_code=form.cleaned_data.get("mobile_code", ""),
        )
        if not wrong:
            return done("patient:join-password")
        form.refuse(wrong)
    context = {**joining.context, "form": form, "sign_up": sign_up, "sign_in_at": _whom(joining)}
    return render(request, "patient/joining/codes.html", context, status=400 if form.errors else 200)


@_step
def password(request: HttpRequest, joining: Joining) -> HttpResponse:
    """The last step: a password or a passkey opens the account and books."""
    sign_up = joining.sign_up
    if sign_up is None or not (sign_up.email_proved_at and sign_up.mobile_proved_at):
        return not_done("patient:join-codes")
    who = request.session[SESSION_KEY].get("who", BookedFor.SELF)
    account = User(pk=sign_up.pk, email=sign_up.email, first_name=sign_up.first_name)  # a passkey is made for it
    by_passkey = "credential" in request.POST
    password_form = PasswordForm(None if by_passkey else request.POST or None, user=account)
    passkey_form = NewAccountForm(request.POST if by_passkey else None)
    form = passkey_form if by_passkey else password_form
    if request.method == "POST" and form.is_valid():
        proof = Passkey(form.cleaned_data["credential"]) if by_passkey else form.cleaned_data["password"]
        return _opened(request, joining, sign_up, proof, who)
    context = {
        **joining.context,
        "form": form,
        "password": password_form,
        "options": {"creation_options": auth.begin_registration(account, passwordless=True)},  # as webauthn.js reads
        "sign_up": sign_up,
        "for_oneself": who == BookedFor.SELF,
        "remember": asks_to_remember(request),
        "instructions": instructions_for(agenda=joining.choice.agenda, visit_reason=joining.choice.visit_reason),
    }
    return render(request, "patient/joining/password.html", context, status=400 if form.errors else 200)


def _opened(request: HttpRequest, joining: Joining, sign_up: SignUp, proof: str | Passkey, who: str) -> HttpResponse:
    try:
        user = open_new_account(sign_up=sign_up, means=proof)
    except (AccountExists, SignUpOver) as refused:
        messages.error(request, refused.sentence)
        return not_done("patient:join")
    stored = dict(request.session[SESSION_KEY])
    if isinstance(proof, Passkey):
        sign_in(request, user, means="mfa", type="webauthn", reauthenticated=True)
        RecoveryCodes.activate(user)
        messages.info(
            request,
            _("Vous vous connectez avec votre clé d’accès. Gardez vos codes de secours : « Sécurité » les montre."),
        )
    else:
        sign_in(request, user, means="sign_up")
    request.session[SESSION_KEY] = stored
    response = _book(request, joining, user, who)
    if asks_to_remember(request):  # the code to the mobile was given here a minute ago
        keep_device(request, response, user)
    return response


def _book(request: HttpRequest, joining: Joining, user: User, who: str) -> HttpResponse:
    """Book for oneself, or lead to the page that asks for whom: the hold stays with this session."""
    choice, held = joining.choice, joining.hold
    if who != BookedFor.SELF:
        asked = "minor" if who == BookedFor.MINOR_RELATIVE else "adult"
        return done(choice.url("book-confirm", start=held.starts_at.isoformat(), who=asked))
    since = timezone.now()
    try:
        appointment = book_online(
            holder=user,
            agenda=choice.agenda,
            visit_reason=choice.visit_reason,
            starts_at=held.starts_at,
            kind=choice.kind,
            booked_for=BookedFor.SELF,
            hold=held.pk,
        )
    except SlotTaken:
        return taken_page(request, choice, following(choice, held.starts_at), was_held=True)
    except BookingLimit as refused:
        messages.error(request, refused.sentence)
        return done("patient:appointments")
    request.session.pop(SESSION_KEY, None)
    leaves = sent_notices_to_you(appointment, user=user, since=since)
    messages.success(request, f"{booked_sentence(appointment)} {leaves}")
    return done("patient:appointment", pk=appointment.pk)


def _still_free(held: SlotHold) -> bool:
    """False once staff have booked over the hold, or closed its time."""
    return is_free(agenda=held.agenda, visit_reason=held.visit_reason, starts_at=held.starts_at, hold=held.pk)


def _whom(joining: Joining) -> str:
    """Where somebody with an account continues, with the same slot."""
    return joining.choice.url("book-whom", start=joining.hold.starts_at.isoformat())
