"""Sentences on who has access and by which proof, and why a contact is not the patient's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from appointments.recipients import Recipient
from documents.sharing.accesses import Access, AccessBasis, AccessKind
from notifications.wording import long_day, moment, of
from patients.models import Patient, RecordTie
from patients.ownership import Standing, standings, unconfirmed
from portals.who_has import who_has

MOST_TITLES = 5  # of one link
ICONS = {
    AccessKind.ACCOUNT: "person-check",
    AccessKind.HOLDER: "people",
    AccessKind.LINK: "link-45deg",
    AccessKind.INVITATION: "envelope",
}


@dataclass(frozen=True)
class AccessWords:
    """One line of *Qui a accès*."""

    access: Access
    who: str
    title: str
    stands_on: str
    note: str
    icon: str

    @property
    def is_account(self) -> bool:
        return self.access.account is not None


def access_words(access: Access) -> AccessWords:
    return AccessWords(
        access=access,
        who=who_has(access),
        title=_title(access),
        stands_on=_stands_on(access),
        note=_note(access),
        icon=ICONS[access.kind],
    )


def _title(access: Access) -> str:
    match access.kind:
        case AccessKind.ACCOUNT:
            return _("Compte relié à la fiche (%(relationship)s)") % {"relationship": access.relationship}
        case AccessKind.HOLDER:
            return _("A pris un rendez-vous pour cette personne")
        case AccessKind.LINK:
            sentence = _("Lien sans compte, vers : %(titles)s (rendez-vous du %(day)s)")
            return sentence % {"titles": _titles(access.leads_to), "day": _day(access)}
        case AccessKind.INVITATION:
            return _("Invitation à relier un compte, pas encore suivie")


def _day(access: Access) -> str:
    return long_day(access.appointment.local_start) if access.appointment else ""


def _titles(titles: Sequence[str]) -> str:
    return ", ".join(titles[:MOST_TITLES]) + (", …" if len(titles) > MOST_TITLES else "")


def _stands_on(access: Access) -> str:
    if access.kind is AccessKind.LINK and access.to_holder:
        return _("Tient tant que ces coordonnées sont celles de la personne qui a pris le rendez-vous.")
    if access.kind is AccessKind.LINK:
        return _("Tient tant que ces coordonnées sont celles de la fiche.")
    if access.kind is AccessKind.INVITATION:
        return _("Tient tant que ces coordonnées sont celles de la fiche ; la date de naissance sera demandée.")
    if access.kind is AccessKind.ACCOUNT and access.suspended:
        return _("Avait prouvé ce que la fiche portait alors : l’adresse e-mail, le mobile et la date de naissance.")
    if access.kind is AccessKind.ACCOUNT:
        return _("A prouvé l’adresse e-mail, le mobile et la date de naissance.")
    if AccessBasis.BOOKED_FOR_MINOR in access.stands_on:
        return _("Voit ce qui est partagé à ce titre tant que le patient est mineur, et le garde.")
    return _("Autorisé par le cabinet, pour le rendez-vous du %(day)s.") % {"day": _day(access)}


def _note(access: Access) -> str:
    if access.suspended is None:
        return ""
    if isinstance(access.what, RecordTie) and access.what.shows_only is not None:
        sentence = _(
            "Deux fiches n’en font qu’une depuis : ce compte ne voit que ce qu’il voyait le %(at)s, tant qu’il n’a "
            "pas vérifié ce que porte celle-ci."
        )
    elif AccessBasis.BIRTH_DATE not in access.unproved:
        sentence = _(
            "Les coordonnées de la fiche ont changé le %(at)s : ce compte ne voit que ce qui a été partagé avant, "
            "tant qu’il n’a pas vérifié les nouvelles."
        )
    elif access.unproved == (AccessBasis.BIRTH_DATE,):
        sentence = _(
            "La date de naissance de la fiche a été corrigée : depuis le %(at)s, ce compte ne voit que ce qui avait "
            "été partagé, tant qu’il n’a pas donné la nouvelle."
        )
    else:
        sentence = _(
            "Les coordonnées et la date de naissance de la fiche ont changé : depuis le %(at)s, ce compte ne voit "
            "que ce qui avait été partagé, tant qu’il n’a pas prouvé les nouvelles."
        )
    return sentence % {"at": moment(access.suspended)}


def effects_of_ending(access: Access, patient: Patient) -> str:
    facts = {"of_name": of(patient.full_name)}
    if access.kind is AccessKind.HOLDER and access.appointment:
        day = long_day(access.appointment.local_start)
        return _(
            "Cette personne ne verra plus les documents du rendez-vous du %(day)s, et n’en recevra plus pour lui."
        ) % {"day": day}
    return {
        AccessKind.ACCOUNT: _(
            "Ce compte ne verra plus aucun document %(of_name)s, y compris ceux qu’il a déjà ouverts, et n’en "
            "recevra plus. Les rendez-vous n’y seront plus affichés, sauf ceux qu’il a pris. Pour revenir, il devra "
            "suivre une nouvelle invitation."
        ),
        AccessKind.HOLDER: _(
            "Cette personne ne verra plus aucun document %(of_name)s partagé à ce titre, et n’en recevra plus, même "
            "en prenant un rendez-vous."
        ),
        AccessKind.LINK: _("Le lien envoyé ne s’ouvrira plus. Les mêmes documents restent dans un compte relié."),
        AccessKind.INVITATION: _("L’invitation envoyée ne pourra plus être suivie."),
    }[access.kind] % facts


def standing_sentences(recipient: Recipient, patient: Patient) -> list[str]:
    """Why each contact of the record is not the patient's own, for one appointment."""
    holder = str(recipient.holder or "")
    not_own = [(name, standing) for name, standing in recipient.standings.items() if standing is not Standing.OWN]
    return [_standing(name, standing, patient, holder) for name, standing in not_own]


def unconfirmed_sentences(patient: Patient) -> list[str]:
    """For a record: the contacts that staff may confirm, and why they are unconfirmed."""
    found = standings(patient)
    # Leave out contacts that an account proved and that opened no invitation after wrong dates: they are the
    # patient's own.
    doubted = {
        name: Standing.DOUBTED if found[name] is Standing.OWN else found[name] for name in unconfirmed(patient)
    }
    return [_standing(name, standing, patient) for name, standing in doubted.items()]


def _standing(name: str, standing: Standing, patient: Patient, holder: str = "") -> str:
    giver = patient.email_given_by if name == "email" else patient.mobile_given_by
    facts = {"of_name": of(patient.full_name), "of_holder": of(holder), "giver": giver}
    of_email, of_mobile = {
        Standing.MISSING: (_("L’adresse e-mail manque."), _("Le mobile manque.")),
        Standing.BOOKERS: (
            _("L’adresse e-mail est celle %(of_holder)s, qui a pris le rendez-vous."),
            _("Le mobile est celui %(of_holder)s, qui a pris le rendez-vous."),
        ),
        Standing.GIVEN_BY_BOOKER: (
            _("L’adresse e-mail a été donnée par %(giver)s, non vérifiée."),
            _("Le mobile a été donné par %(giver)s, non vérifié."),
        ),
        Standing.OF_MINORITY: (
            _("L’adresse e-mail date d’avant les 18 ans %(of_name)s : c’est peut-être celle d’un parent."),
            _("Le mobile date d’avant les 18 ans %(of_name)s : c’est peut-être celui d’un parent."),
        ),
        Standing.DOUBTED: (
            _("L’adresse e-mail est en doute : un accès a été retiré, ou cinq dates de naissance étaient fausses."),
            _("Le mobile est en doute : un accès a été retiré, ou cinq dates de naissance étaient fausses."),
        ),
    }[standing]
    return (of_email if name == "email" else of_mobile) % facts
