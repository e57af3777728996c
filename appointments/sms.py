"""The SMS about appointments: day and hour; then with whom, for whom and by video, as far as one segment has room."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment, AppointmentKind, BookedFor
from appointments.parties import Party
from appointments.times import hours_of
from notifications.gsm import one_segment, readable, shortened
from notifications.wording import long_day, unlinked
from patients.models import Patient
from practices.letters import call

LONGEST_NAME = 20  # septets of a shortened name


def sms_of(
    appointments: Sequence[Appointment],
    party: Party,
    pattern: str,
    *,
    link: str = "",
    telephone_first: bool = False,
) -> str:
    """An SMS about appointments of one day at one practice, in the active language. `pattern`: translated; with
    `%(link)s` for a `link`. `telephone_first`: the practice's number matters more than with and for whom."""
    first = appointments[0]
    return one_segment(
        pattern,
        name=first.practice.name_in_messages,
        details=[_with_whom(appointments), _for_whom(appointments, party), _by_video(appointments)],
        tail=call(first.practice),
        tail_first=telephone_first,
        link=link,
        date=long_day(first.local_start, weekday=True),
        time=hours_of(appointments),
    )


def _with_whom(appointments: Sequence[Appointment]) -> list[str]:
    there = (one.agenda.practitioner for one in appointments)
    doctors = list(dict.fromkeys(one for one in there if one is not None and one.get_full_name()))
    if not all(map(_is_named, doctors)):
        return []
    forms = ([form(one) for one in doctors] for form in (_full, _initial, _cut))
    return [_(", avec %(names)s") % {"names": _listed(names)} for names in forms if names]


def _is_named(doctor: User) -> bool:
    """Whether an SMS can name the practitioner: a title alone is no name."""
    return bool(readable(doctor.first_name) or readable(doctor.last_name))


def _full(doctor: User) -> str:
    return unlinked(readable(doctor.get_full_name()))


def _initial(doctor: User) -> str:
    """For example: A. Desmoulins."""
    first, last = readable(doctor.first_name), readable(doctor.last_name)
    if not (first and last):
        return _full(doctor)
    return unlinked(f"{first[0]}. {last}")


def _cut(doctor: User) -> str:
    return shortened(_initial(doctor), LONGEST_NAME)


def _for_whom(appointments: Sequence[Appointment], party: Party) -> list[str]:
    patients = list({one.patient_id: one.patient for one in appointments}.values())
    return for_whom(patients, is_read_by_them=len(patients) == 1 and _is_the_patient(appointments[0], party))


def for_whom(patients: Sequence[Patient], *, is_read_by_them: bool) -> list[str]:
    """First names, if the reader may not be the patient: a detail of notifications.gsm.one_segment. Empty if an SMS
    cannot spell one of them: the other names alone would be misleading.

    `is_read_by_them`: the mobile is the patient's; another patient may have the same.
    """
    names = dict.fromkeys(unlinked(readable(one.first_name)) for one in patients)
    if not all(names) or (is_read_by_them and not any(one.shares_mobile() for one in patients)):
        return []
    forms = (list(names), [shortened(name, LONGEST_NAME) for name in names])
    return [_(", pour %(names)s") % {"names": _listed(form)} for form in forms]


def _is_the_patient(appointment: Appointment, party: Party) -> bool:
    if party.is_holder:
        return appointment.booked_for == BookedFor.SELF
    return not appointment.patient.is_minor_now()  # a minor's contacts are a parent's


def _by_video(appointments: Sequence[Appointment]) -> list[str]:
    by_video = [one.kind == AppointmentKind.VIDEO for one in appointments]
    if all(by_video):
        return [_(", en vidéo")]
    return [_(", en partie en vidéo")] if any(by_video) else []


def _listed(names: Sequence[str]) -> str:
    return str(get_text_list(list(names), _("et")))
