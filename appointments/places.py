"""Where an appointment takes place: at the practice or by video, as its reason and its agenda allow."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import Agenda, Appointment, AppointmentKind, AppointmentStatus, VisitReason


def ways(agenda: Agenda, visit_reason: VisitReason) -> list[AppointmentKind]:
    """The kinds to choose from; by video only if the agenda has an address for it."""
    return [
        one for one in AppointmentKind if visit_reason.allows(one) and (one.is_in_person or bool(agenda.video_url))
    ]


def way_for(
    agenda: Agenda,
    visit_reason: VisitReason,
    *,
    asked: AppointmentKind | None,
    preferred: AppointmentKind = AppointmentKind.IN_PERSON,
) -> AppointmentKind:
    """The kind `asked` for; if None, `preferred` if possible, else the possible one.

    Raises ValidationError (attribute `kind`) if `asked` is impossible; the sentence says what to choose.
    """
    possible = ways(agenda, visit_reason)
    if asked is None and possible:
        return preferred if preferred in possible else possible[0]
    if asked in possible:
        return asked
    raise _impossible(agenda, visit_reason, possible)


def doubtful_place(appointment: Appointment) -> str:
    """A warning to staff if the place of a future appointment is no longer allowed by its reason or agenda; "" if it
    is.

    An appointment keeps its place when a practice changes a reason or an address.
    """
    if appointment.status == AppointmentStatus.CANCELLED:
        return ""
    kind = AppointmentKind(appointment.kind)
    if not appointment.visit_reason.allows(kind):
        return (
            _("Ce motif n’a lieu qu’en vidéo : déplacez le rendez-vous pour corriger le lieu ou le motif.")
            if kind.is_in_person
            else _("Ce motif n’a lieu qu’au cabinet : déplacez le rendez-vous pour corriger le lieu ou le motif.")
        )
    if not kind.is_in_person and not appointment.agenda.video_url:
        return _(
            "Cet agenda n’a pas d’adresse de vidéo : le patient n’en reçoit aucune. Un administrateur du cabinet la "
            "saisit sur la page Cabinet, ou déplacez le rendez-vous au cabinet."
        )
    return ""


def _impossible(agenda: Agenda, visit_reason: VisitReason, possible: list[AppointmentKind]) -> ValidationError:
    names = {"reason": visit_reason.name, "agenda": agenda.name}
    if not visit_reason.video:
        code, sentence = (
            "not_by_video",
            gettext_lazy("Le motif %(reason)s n’a pas lieu en vidéo : choisissez « Au cabinet »."),
        )
    elif possible == [AppointmentKind.VIDEO]:
        code, sentence = (
            "only_by_video",
            gettext_lazy("Le motif %(reason)s n’a lieu qu’en vidéo : choisissez « En vidéo »."),
        )
    elif possible:
        code, sentence = (
            "no_video_address",
            gettext_lazy(
                "L’agenda %(agenda)s n’a pas d’adresse de vidéo : choisissez « Au cabinet », ou demandez à un "
                "administrateur du cabinet de la saisir sur la page Cabinet."
            ),
        )
    else:
        code, sentence = (
            "no_video_address",
            gettext_lazy(
                "Le motif %(reason)s n’a lieu qu’en vidéo, et l’agenda %(agenda)s n’a pas d’adresse de vidéo : "
                "choisissez un autre motif, ou demandez à un administrateur du cabinet de la saisir sur la page "
                "Cabinet."
            ),
        )
    return ValidationError({"kind": ValidationError(sentence, code=code, params=names)})
