"""Parts of messages about appointments: for whom and with whom, when, where, and how to change them."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.letters import site_host
from appointments.models import Appointment, AppointmentKind, AppointmentStatus, BookingPolicy
from appointments.parties import Party
from appointments.times import hours_of
from notifications.letters import Button, Fact
from notifications.wording import long_day, telephone_by_pairs, unlinked
from practices.models import Practice


def who(appointments: Iterable[Appointment]) -> list[Fact]:
    """For whom (first names) and with whom, in that order, without duplicates."""
    everybody = list(appointments)
    patients = dict.fromkeys(unlinked(one.patient.first_name) for one in everybody)
    practitioners = dict.fromkeys(
        one.agenda.practitioner.get_full_name() for one in everybody if one.agenda.practitioner
    )
    return [
        Fact(_("Pour"), str(get_text_list(list(patients), _("et")))),
        Fact(_("Avec"), str(get_text_list([name for name in practitioners if name], _("et")))),
    ]


def facts_of(appointments: list[Appointment]) -> list[Fact]:
    """For whom, with whom, and the days of appointments that stand: for a message about something else around
    them."""
    standing = [one for one in appointments if one.status == AppointmentStatus.BOOKED]
    day = long_day(standing[0].local_start, weekday=True) if standing else ""
    return [*who(appointments), Fact(_("Date du rendez-vous"), day)]


def when(appointments: list[Appointment]) -> dict[str, str]:
    return {"day": long_day(appointments[0].local_start, weekday=True), "time": hours_of(appointments)}


def place_of(appointments: list[Appointment]) -> str:
    """The address, or that it is by video. "" if the practice gave no address."""
    lines = []
    if any(one.kind != AppointmentKind.VIDEO for one in appointments):
        lines.append(appointments[0].practice.address)
    if any(one.kind == AppointmentKind.VIDEO for one in appointments):
        lines.append(_("En vidéo"))
    return "\n".join(lines).strip()


def button_of(appointments: list[Appointment], party: Party, answers: str) -> Button | None:
    """A link to the visit by video, to the answer to a reminder, or to the account of the booker."""
    if video := next((one.video_url for one in appointments if one.video_url), ""):
        return Button(_("Rejoindre la consultation en vidéo"), video)
    changes = all(map(changes_online, appointments))
    if answers:
        return Button(_("Confirmer ou annuler") if changes else _("Confirmer ma venue"), answers)
    if party.is_holder:
        words = _("Voir, déplacer ou annuler le rendez-vous") if changes else _("Voir le rendez-vous")
        return Button(words, _account_url())
    return None


def changes_online(appointment: Appointment) -> bool:
    """Whether the booker may still change it online: practices set a limit for that."""
    return BookingPolicy.of(appointment.practice).may_change(appointment.starts_at)


def how_to_change(appointments: list[Appointment], party: Party, button: Button | None) -> list[str]:
    if party.is_holder and all(map(changes_online, appointments)):
        if button and button.url == _account_url():
            return []
        return [
            _("Pour le déplacer ou l’annuler, connectez-vous à votre compte sur %(host)s.") % {"host": site_host()}
        ]
    if telephone := telephone_by_pairs(appointments[0].practice.telephone):
        return [_("Pour le déplacer ou l’annuler, appelez le %(telephone)s.") % {"telephone": telephone}]
    return []


def booking_url(practice: Practice) -> str:
    return str(settings.PUBLIC_URL) + reverse("patient:book-reasons", args=[practice.pk])


def _account_url() -> str:
    return str(settings.PUBLIC_URL) + reverse("patient:appointments")
