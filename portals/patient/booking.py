"""Booking online: practice, reason, slot, for whom. A link or a button at each step, with or without scripts.

Everybody may look; booking asks to sign in, and comes back to the slot chosen.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from appointments.booking_limits import BookingLimit
from appointments.instructions import instructions_for
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.online import AlreadyBooked, SlotTaken, book_online, own_bookings
from appointments.quiet_hours import sms_time
from appointments.slots import Slot, is_free, next_free, open_to_online_booking
from notifications.wording import moment
from patients.models import Relative
from patients.relatives import IdentityIncomplete, Person
from portals.clock import set_clock
from portals.days import day_of, moment_of
from portals.form_errors import say_refusal
from portals.patient.booking_forms import AdultForm, IdentityForm, MinorForm
from portals.patient.slot_week import slot_week
from practices.models import Practice


@dataclass(frozen=True)
class Choice:
    """What is being booked."""

    agenda: Agenda
    visit_reason: VisitReason
    kind: AppointmentKind

    def url(self, name: str, **query: str) -> str:
        path = reverse(f"patient:{name}", args=[self.agenda.pk, self.visit_reason.pk, self.kind.value])
        return f"{path}?{urlencode(query)}" if query else path


@login_not_required
@require_safe
def practices(request: HttpRequest) -> HttpResponse:
    found = Practice.objects.filter(agendas__in=_bookable_agendas()).distinct()
    return render(request, "patient/booking/practices.html", {"practices": found, "section": "book"})


@login_not_required
@require_safe
def reasons(request: HttpRequest, practice: uuid.UUID) -> HttpResponse:
    """Each reason, with the agendas and ways it is offered."""
    agendas = list(_bookable_agendas().filter(practice=practice).select_related("practice"))
    if not agendas:
        raise Http404
    offered = []
    for reason in VisitReason.objects.filter(practice=practice, is_active=True, books_online=True):
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
    choice = _choice(agenda, reason, kind)
    context = {
        "choice": choice,
        "week": slot_week(
            agenda=choice.agenda, visit_reason=choice.visit_reason, first=day_of(request.GET.get("from"))
        ),
        "slot_url": choice.url("book-whom") + "?start=",
        "week_url": choice.url("book-slots") + "?from=",
        "section": "book",
    }
    return render(request, "patient/booking/slots.html", context)


@require_safe
def whom(request: HttpRequest, agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> HttpResponse:
    """For whom: oneself, somebody booked for before, or somebody new."""
    choice = _choice(agenda, reason, kind)
    start = _start(request)
    user = cast("User", request.user)
    if not is_free(agenda=choice.agenda, visit_reason=choice.visit_reason, starts_at=start):
        return _not_free(request, choice, start, user)
    today = timezone.localdate(timezone=choice.agenda.practice.zone)

    def link(who: str) -> str:
        return choice.url("book-confirm", start=start.isoformat(), who=who)

    context = {
        "choice": choice,
        "start": _local(choice, start),
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
    """The rest of what must be known of them, and the button that books."""
    choice = _choice(agenda, reason, kind)
    start = _start(request)
    user = cast("User", request.user)
    who = request.GET.get("who", "self")
    relative = _relative(user, who)
    form = _form(request, user, who)
    limit = ""
    if request.method != "POST" and not is_free(
        agenda=choice.agenda, visit_reason=choice.visit_reason, starts_at=start
    ):
        return _not_free(request, choice, start, user)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            if isinstance(form, IdentityForm):
                form.keep(user)
            appointment = book_online(
                holder=user,
                agenda=choice.agenda,
                visit_reason=choice.visit_reason,
                starts_at=start,
                kind=choice.kind,
                booked_for=_booked_for(choice, who, relative),
                person=_person(form, relative),
            )
        except AlreadyBooked as booked:
            messages.info(request, _("Vous avez déjà pris ce rendez-vous : le voici."))
            return redirect("patient:appointment", pk=booked.appointment.pk)
        except SlotTaken as taken:
            return _taken(request, choice, taken.next_free)
        except BookingLimit as refused:
            limit = refused.sentence
        except IdentityIncomplete:
            return render(request, "patient/booking/identity.html", {"section": "book"}, status=409)
        except ValidationError as refused:
            if form is None:
                messages.error(request, " ".join(refused.messages))
                return redirect(choice.url("book-whom", start=start.isoformat()))
            say_refusal(form, refused)
        else:
            messages.success(request, _booked(appointment))
            return redirect("patient:appointment", pk=appointment.pk)
    context = {
        "choice": choice,
        "start": _local(choice, start),
        "who": who,
        "relative": relative,
        "form": form,
        "limit": limit,
        "back_url": choice.url("book-whom", start=start.isoformat()),
        "instructions": instructions_for(agenda=choice.agenda, visit_reason=choice.visit_reason),
        "section": "book",
    }
    status = 409 if limit else 400 if form and form.errors else 200
    return render(request, "patient/booking/confirm.html", context, status=status)


def _booked(appointment: Appointment) -> str:
    at = sms_time(appointment.practice, about=appointment.starts_at)
    if at <= timezone.now():
        return _("Votre rendez-vous est pris. Une confirmation part par e-mail et par SMS.")
    return _(
        "Votre rendez-vous est pris. Une confirmation part par e-mail ; le SMS part le %(at)s : "
        "la nuit, aucun ne part."
    ) % {"at": moment(at)}


def _bookable_agendas() -> QuerySet[Agenda]:
    return Agenda.objects.filter(
        is_active=True, opening_hours__isnull=False, visit_reasons__books_online=True, visit_reasons__is_active=True
    ).distinct()


def _choice(agenda: uuid.UUID, reason: uuid.UUID, kind: str) -> Choice:
    found = get_object_or_404(Agenda.objects.select_related("practice"), pk=agenda)
    visit_reason = get_object_or_404(VisitReason, pk=reason, practice=found.practice_id)
    if kind not in AppointmentKind.values or not open_to_online_booking(found, visit_reason, AppointmentKind(kind)):
        raise Http404
    set_clock(found.practice)
    return Choice(found, visit_reason, AppointmentKind(kind))


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


def _following(choice: Choice, start: datetime) -> list[Slot]:
    return next_free(agenda=choice.agenda, visit_reason=choice.visit_reason, after=max(start, timezone.now()))


def _not_free(request: HttpRequest, choice: Choice, start: datetime, user: User) -> HttpResponse:
    """Taken by this very account, after going back or in another tab; or by somebody else."""
    own = own_bookings(holder=user, agenda=choice.agenda, starts_at=start)
    return _taken(request, choice, _following(choice, start), own=own)


def _taken(
    request: HttpRequest, choice: Choice, following: list[Slot], *, own: Sequence[Appointment] = ()
) -> HttpResponse:
    """Somebody was faster: the next free ones, a link each. `own`: what the account itself has booked there."""
    context = {
        "own": own,
        "choice": choice,
        "slots": [(slot, choice.url("book-whom", start=slot.start.isoformat())) for slot in following],
        "all_url": choice.url("book-slots"),
        "section": "book",
    }
    return render(request, "patient/booking/taken.html", context, status=409)


def _start(request: HttpRequest) -> datetime:
    start = moment_of(request.GET.get("start"))
    if start is None:
        raise Http404
    return start


def _local(choice: Choice, moment: datetime) -> datetime:
    return timezone.localtime(moment, choice.agenda.practice.zone)
