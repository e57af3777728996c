"""Booking online: practice, reason, slot, person. Each step is a link or a button, with or without scripts.

Everybody may look; booking requires to sign in, and then returns to the chosen slot.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from appointments.booking_limits import BookingLimit
from appointments.instructions import instructions_for
from appointments.models import Agenda, AppointmentKind, BookedFor, VisitReason
from appointments.online import AlreadyBooked, SlotTaken, book_online, own_bookings
from appointments.slots import is_free, open_to_online_booking
from appointments.who_may_book import BookingClosed, check_open_to
from patients.models import Relative
from patients.relatives import IdentityIncomplete, Person
from portals.answers import done, not_done
from portals.contact_hints import hint_at_misspelling
from portals.days import day_of, moment_of
from portals.form_errors import add_refusal
from portals.patient.booking_choice import Choice, choice_of, following, taken_page
from portals.patient.booking_forms import AdultForm, IdentityForm, MinorForm
from portals.patient.holding import SESSION_KEY, held_until, hold_id
from portals.patient.notice_words import booked_sentence, sent_notices_to_you
from portals.patient.slot_week import slot_week
from practices.models import BookingOpenTo, Practice


@login_not_required
@require_safe
def practices(_request: HttpRequest) -> HttpResponse:
    """The first step is the search for a practice (portals/public/practice_search.py)."""
    return not_done("practices")


@login_not_required
@require_safe
def reasons(request: HttpRequest, practice: uuid.UUID) -> HttpResponse:
    """Lists the reasons, each with its agendas and places (at the practice, by video)."""
    agendas = list(Agenda.objects.offered_online().filter(practice=practice).select_related("practice"))
    if not agendas:
        raise Http404
    if closed := _closed(request, agendas[0].practice):
        return closed
    offered = []
    online = VisitReason.objects.filter(practice=practice, is_active=True, books_online=True)
    for reason in online.prefetch_related("agendas"):
        choices = [
            Choice(agenda, reason, kind)
            for agenda in agendas
            for kind in AppointmentKind
            if open_to_online_booking(agenda, reason, kind)
        ]
        if choices:
            offered.append((reason, [(choice, choice.url("book-slots")) for choice in choices]))
    context = {"practice": agendas[0].practice, "offered": offered, "section": "book"}
    return render(request, "patient/booking/reasons.html", context)


@login_not_required
@require_safe
def slots(request: HttpRequest, agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> HttpResponse:
    choice = choice_of(agenda, reason, kind)
    if closed := _closed(request, choice.agenda.practice):
        return closed
    context = {
        "choice": choice,
        "week": slot_week(
            agenda=choice.agenda, visit_reason=choice.visit_reason, first=day_of(request.GET.get("from"))
        ),
        "slot_url": choice.url("book-whom") + "?start=",
        "hold_url": choice.url("book-hold") if _may_join(request, choice.agenda.practice) else "",
        "week_url": choice.url("book-slots") + "?from=",
        "section": "book",
    }
    return render(request, "patient/booking/slots.html", context)


@require_safe
def whom(request: HttpRequest, agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> HttpResponse:
    """Asks whom it is for: oneself, somebody booked for before, or somebody new."""
    choice = choice_of(agenda, reason, kind)
    if closed := _closed(request, choice.agenda.practice):
        return closed
    start = _start(request)
    user = cast("User", request.user)
    if not is_free(agenda=choice.agenda, visit_reason=choice.visit_reason, starts_at=start, hold=hold_id(request)):
        return _not_free(request, choice, start, user)
    today = timezone.localdate(timezone=choice.agenda.practice.zone)

    def link(who: str) -> str:
        return choice.url("book-confirm", start=start.isoformat(), who=who)

    context = {
        "choice": choice,
        "start": _local(choice, start),
        "until": held_until(request, choice.agenda, start),
        "relatives": [
            (relative, relative.is_minor_on(today), link(str(relative.pk))) for relative in Relative.objects.of(user)
        ],
        "self_url": link("self"),
        "adult_url": link("adult"),
        "minor_url": link("minor"),
        "section": "book",
    }
    return render(request, "patient/booking/whom.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> HttpResponse:
    """Asks for the missing details of the person; its button books."""
    choice = choice_of(agenda, reason, kind)
    if request.method != "POST" and (closed := _closed(request, choice.agenda.practice)):
        return closed
    start = _start(request)
    user = cast("User", request.user)
    who = request.GET.get("who", "self")
    relative = _relative(user, who)
    form = _form(request, user, who)
    limit = ""
    if request.method != "POST" and not is_free(
        agenda=choice.agenda, visit_reason=choice.visit_reason, starts_at=start, hold=hold_id(request)
    ):
        return _not_free(request, choice, start, user)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            return _book(request, choice, start, form, _booked_for(choice, who, relative), _person(form, relative))
        except SlotTaken as taken:
            return taken_page(request, choice, taken.next_free)
        except BookingLimit as refused:
            limit = refused.sentence
        except IdentityIncomplete:
            return render(request, "patient/booking/identity.html", {"section": "book"}, status=409)
        except ValidationError as refused:
            if form is None:
                messages.error(request, " ".join(refused.messages))
                return not_done(choice.url("book-whom", start=start.isoformat()))
            add_refusal(form, refused)
    context = {
        "choice": choice,
        "start": _local(choice, start),
        "until": held_until(request, choice.agenda, start),
        "who": who,
        "relative": relative,
        "form": form,
        "limit": limit,
        "slots_url": choice.url("book-slots"),
        "back_url": choice.url("book-whom", start=start.isoformat()),
        "instructions": instructions_for(agenda=choice.agenda, visit_reason=choice.visit_reason),
        "section": "book",
    }
    status = 409 if limit else 400 if form and form.errors else 200
    return render(request, "patient/booking/confirm.html", context, status=status)


def _book(
    request: HttpRequest,
    choice: Choice,
    start: datetime,
    form: AdultForm | MinorForm | IdentityForm | None,
    booked_for: BookedFor,
    person: Person | None,
) -> HttpResponse:
    """Book, and go to the appointment's page; to the one there is if the account booked it already. Raises as
    book_online."""
    user, since = cast("User", request.user), timezone.now()
    if isinstance(form, IdentityForm):
        form.keep(user)
    try:
        appointment = book_online(
            holder=user,
            agenda=choice.agenda,
            visit_reason=choice.visit_reason,
            starts_at=start,
            kind=choice.kind,
            booked_for=booked_for,
            person=person,
            hold=hold_id(request),
        )
    except AlreadyBooked as booked:
        messages.info(request, _("Vous avez déjà pris ce rendez-vous : le voici."))
        return done("patient:appointment", pk=booked.appointment.pk)
    request.session.pop(SESSION_KEY, None)
    leaves = sent_notices_to_you(appointment, user=user, since=since)
    messages.success(request, f"{booked_sentence(appointment)} {leaves}")
    hint_at_misspelling(request, form.cleaned_data.get("email") if form else None)
    return done("patient:appointment", pk=appointment.pk)


def _may_join(request: HttpRequest, practice: Practice) -> bool:
    """Whether this visitor may book without an account; others sign in first."""
    return not request.user.is_authenticated and practice.takes_bookings_of == BookingOpenTo.EVERYBODY


def _closed(request: HttpRequest, practice: Practice) -> HttpResponse | None:
    """The page that says why this account, or nobody, books online here; None if it may, or has not signed in yet."""
    user = request.user
    try:
        if isinstance(user, User):
            check_open_to(holder=user, practice=practice)
        elif practice.takes_bookings_of == BookingOpenTo.NOBODY:
            raise BookingClosed
    except BookingLimit as refused:
        context = {"practice": practice, "sentence": refused.sentence, "section": "book"}
        return render(request, "patient/booking/closed.html", context, status=409)
    return None


def _form(request: HttpRequest, user: User, who: str) -> AdultForm | MinorForm | IdentityForm | None:
    data: Any = request.POST if request.method == "POST" else None
    if who == "adult":
        return AdultForm(data)
    if who == "minor":
        return MinorForm(data)
    if who == "self" and not (user.first_name and user.last_name and user.birth_date):
        return IdentityForm(data, user=user)
    return None


def _relative(user: User, who: str) -> Relative | None:
    if who in ("self", "adult", "minor"):
        return None
    try:
        return get_object_or_404(Relative.objects.of(user), pk=uuid.UUID(who))
    except ValueError:
        raise Http404 from None


def _booked_for(choice: Choice, who: str, relative: Relative | None) -> BookedFor:
    if relative is not None:
        minor = relative.is_minor_on(timezone.localdate(timezone=choice.agenda.practice.zone))
        return BookedFor.MINOR_RELATIVE if minor else BookedFor.ADULT_RELATIVE
    return {"adult": BookedFor.ADULT_RELATIVE, "minor": BookedFor.MINOR_RELATIVE}.get(who, BookedFor.SELF)


def _person(form: AdultForm | MinorForm | IdentityForm | None, relative: Relative | None) -> Person | None:
    if relative is not None:
        return Person(relative.first_name, relative.last_name, relative.birth_date, relative.email, relative.mobile)
    return form.person() if isinstance(form, AdultForm | MinorForm) else None


def _not_free(request: HttpRequest, choice: Choice, start: datetime, user: User) -> HttpResponse:
    """The slot is taken: by this very account (after Back, or in another tab), or by somebody else."""
    own = own_bookings(holder=user, agenda=choice.agenda, starts_at=start)
    return taken_page(request, choice, following(choice, start), own=own)


def _start(request: HttpRequest) -> datetime:
    start = moment_of(request.GET.get("start"))
    if start is None:
        raise Http404
    return start


def _local(choice: Choice, moment: datetime) -> datetime:
    return timezone.localtime(moment, choice.agenda.practice.zone)
