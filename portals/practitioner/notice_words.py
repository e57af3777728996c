"""In words: whether anybody is told that an appointment is moved, cancelled or deleted, and how."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.messages import channels_of
from appointments.models import Appointment, AppointmentStatus
from notifications.models import Channel


def who_is_told(appointment: Appointment, *, moving: bool = False) -> str:
    """`moving`: an SMS leaves only if day or hour change, for it names nothing else."""
    if appointment.status == AppointmentStatus.BOOKED and appointment.starts_at <= timezone.now():
        if moving:
            return _("Le rendez-vous est passé : personne n’en est averti, sauf si la nouvelle date est à venir.")
        return _("Le rendez-vous est passé : personne n’en est averti.")
    channels = channels_of(appointment)
    if not channels:
        return _("Personne n’en est averti, faute de coordonnées : prévenez vous-même le patient.")
    if channels == {Channel.EMAIL}:
        return _("Le patient en est averti par e-mail.")
    if channels == {Channel.SMS}:
        return (
            _("Le patient en est averti par SMS si la date ou l’heure change.")
            if moving
            else _("Le patient en est averti par SMS.")
        )
    if moving:
        return _("Le patient en est averti par e-mail, et par SMS si la date ou l’heure change.")
    return _("Le patient en est averti par e-mail et par SMS.")
