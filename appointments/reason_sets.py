"""Ready-made visit reasons by specialty, which a practice adds by ticking. Names in the language of the practice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.agendas import lock_schedule
from appointments.models import Agenda, VisitReason
from appointments.visit_reasons import least_used_hue
from audit.trail import record
from practices.models import Practice

LANGUAGES = ("fr", "en")


@dataclass(frozen=True)
class ReadyMade:
    """`minutes`: usual in France; the practice changes it. `online`: whether a patient can judge alone that this is
    the reason."""

    key: str
    name: str | Promise
    minutes: int
    video: bool = False
    online: bool = True

    def name_in(self, language: str) -> str:
        with translation.override(language):
            return str(self.name)


@dataclass(frozen=True)
class Specialty:
    key: str
    name: str | Promise
    reasons: tuple[ReadyMade, ...]


SPECIALTIES = (
    Specialty(
        "general",
        gettext_lazy("Médecine générale"),
        (
            ReadyMade("gp", gettext_lazy("Consultation de médecine générale"), 20),
            ReadyMade("gp-first", gettext_lazy("Première consultation de médecine générale"), 30),
            ReadyMade("gp-followup", gettext_lazy("Suivi d’une maladie chronique"), 20, video=True),
            ReadyMade("gp-renewal", gettext_lazy("Renouvellement d’ordonnance"), 15, video=True),
            ReadyMade("gp-vaccine", gettext_lazy("Vaccination"), 15),
            ReadyMade("gp-certificate", gettext_lazy("Certificat médical"), 15),
            ReadyMade("gp-prevention", gettext_lazy("Bilan de prévention"), 45),
            ReadyMade("gp-urgent", gettext_lazy("Soins non programmés"), 15),
        ),
    ),
    Specialty(
        "paediatrics",
        gettext_lazy("Pédiatrie"),
        (
            ReadyMade("ped", gettext_lazy("Consultation de pédiatrie"), 20),
            ReadyMade("ped-first", gettext_lazy("Première consultation de pédiatrie"), 30),
            ReadyMade("ped-newborn", gettext_lazy("Examen du nouveau-né"), 40),
            ReadyMade("ped-infant", gettext_lazy("Examen obligatoire du nourrisson"), 30),
            ReadyMade("ped-vaccine", gettext_lazy("Vaccination de l’enfant"), 15),
            ReadyMade("ped-urgent", gettext_lazy("Enfant malade, consultation du jour"), 15),
            ReadyMade("ped-video", gettext_lazy("Conseil aux parents"), 15, video=True),
        ),
    ),
    Specialty(
        "dentistry",
        gettext_lazy("Dentaire"),
        (
            ReadyMade("den-first", gettext_lazy("Première consultation dentaire"), 30),
            ReadyMade("den-check", gettext_lazy("Contrôle dentaire annuel"), 20),
            ReadyMade("den-scaling", gettext_lazy("Détartrage"), 30),
            ReadyMade("den-cavity", gettext_lazy("Soin d’une carie"), 45, online=False),
            ReadyMade("den-urgent", gettext_lazy("Urgence dentaire"), 20),
            ReadyMade("den-extraction", gettext_lazy("Extraction dentaire"), 45, online=False),
            ReadyMade("den-crown", gettext_lazy("Couronne ou prothèse dentaire"), 60, online=False),
            ReadyMade("den-child", gettext_lazy("Consultation dentaire de l’enfant"), 30),
        ),
    ),
    Specialty(
        "physiotherapy",
        gettext_lazy("Kinésithérapie"),
        (
            ReadyMade("phy-first", gettext_lazy("Bilan de kinésithérapie"), 45),
            ReadyMade("phy", gettext_lazy("Séance de kinésithérapie"), 30),
            ReadyMade("phy-respiratory", gettext_lazy("Kinésithérapie respiratoire"), 30),
            ReadyMade("phy-perineal", gettext_lazy("Rééducation périnéale"), 30),
            ReadyMade("phy-sport", gettext_lazy("Rééducation du sportif"), 45),
            ReadyMade("phy-balance", gettext_lazy("Rééducation de l’équilibre"), 30),
            ReadyMade("phy-video", gettext_lazy("Suivi d’exercices à distance"), 20, video=True),
        ),
    ),
    Specialty(
        "psychology",
        gettext_lazy("Psychologie"),
        (
            ReadyMade("psy-first", gettext_lazy("Premier entretien psychologique"), 60, video=True),
            ReadyMade("psy", gettext_lazy("Séance de suivi psychologique"), 45, video=True),
            ReadyMade("psy-child", gettext_lazy("Consultation psychologique de l’enfant"), 45),
            ReadyMade("psy-couple", gettext_lazy("Séance de couple"), 60),
            ReadyMade("psy-tests", gettext_lazy("Bilan psychométrique"), 120, online=False),
            ReadyMade("psy-results", gettext_lazy("Restitution de bilan"), 60, online=False),
        ),
    ),
    Specialty(
        "imaging",
        gettext_lazy("Imagerie médicale"),
        (
            ReadyMade("img-xray", gettext_lazy("Radiographie"), 15),
            ReadyMade("img-ultrasound", gettext_lazy("Échographie"), 20),
            ReadyMade("img-mammography", gettext_lazy("Mammographie"), 20),
            ReadyMade("img-doppler", gettext_lazy("Écho-doppler"), 30),
            ReadyMade("img-ct", gettext_lazy("Scanner"), 20, online=False),
            ReadyMade("img-mri", gettext_lazy("IRM"), 30, online=False),
            ReadyMade("img-density", gettext_lazy("Ostéodensitométrie"), 20),
            ReadyMade("img-dental", gettext_lazy("Panoramique dentaire"), 10),
        ),
    ),
)
READY_MADE = {one.key: one for specialty in SPECIALTIES for one in specialty.reasons}


@dataclass(frozen=True)
class Added:
    """What ticking came to."""

    new: list[VisitReason]
    offered_again: list[VisitReason]
    known: list[VisitReason]  # offered already


@transaction.atomic
def add_ready_made(*, practice: Practice, keys: Collection[str], agendas: Collection[Agenda], by: User) -> Added:
    """Add these reasons, offered on these agendas. One that the practice has by that name, in either language, is not
    made twice: if it is archived, it is offered again. Raises NotAllowed, ValidationError."""
    practice = lock_schedule(practice, by)
    if any(one.practice_id != practice.pk for one in agendas):
        raise ValidationError({"agendas": _("Cet agenda n’est pas de ce cabinet.")})
    if unknown := [key for key in keys if key not in READY_MADE]:
        raise ValidationError({"keys": _("Ce motif n’est plus dans les modèles : %(key)s.") % {"key": unknown[0]}})
    had = named(practice)
    added = Added([], [], [])
    for one in (READY_MADE[key] for key in dict.fromkeys(keys)):
        known = existing(one, had)
        if known is None:
            made = _make(practice, one, agendas)
            had[made.name.casefold()] = made
            added.new.append(made)
        elif known.is_active:
            added.known.append(known)
        else:
            known.is_active = True
            known.save(update_fields=["is_active"])
            added.offered_again.append(known)
    for reason in added.new:
        record("practice.visit_reason_made", by=by, on=reason, practice=practice)
    for reason in added.offered_again:
        record("practice.visit_reason_offered_again", by=by, on=reason, practice=practice)
    return added


def named(practice: Practice) -> dict[str, VisitReason]:
    """The practice's reasons, by name in lower case."""
    return {one.name.casefold(): one for one in practice.visit_reasons.all()}


def existing(one: ReadyMade, had: dict[str, VisitReason]) -> VisitReason | None:
    """The practice's own reason of this name, in either language."""
    reasons = (had.get(one.name_in(language).casefold()) for language in LANGUAGES)
    return next((reason for reason in reasons if reason), None)


def _make(practice: Practice, one: ReadyMade, agendas: Collection[Agenda]) -> VisitReason:
    reason = VisitReason(
        practice=practice,
        name=one.name_in(practice.language),
        duration_minutes=one.minutes,
        hue=least_used_hue(practice),
        books_online=one.online,
        video=one.video,
    )
    reason.full_clean(exclude=["practice"])
    reason.save()
    reason.agendas.set(agendas)
    return reason
