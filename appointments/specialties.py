"""What an agenda is for, as patients look for it: professions registered in the RPPS, and specialties of doctors.

Also the words by which people ask for each, in French and English.
"""

from __future__ import annotations

from functools import cache

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from practices.plain_text import plain

LANGUAGES = ("fr", "en")


class Specialty(models.TextChoices):
    GENERAL = "general", _("Médecine générale")
    ALLERGY = "allergy", _("Allergologie")
    ANAESTHESIA = "anaesthesia", _("Anesthésie")
    CARDIOLOGY = "cardiology", _("Cardiologie")
    SURGERY = "surgery", _("Chirurgie")
    DERMATOLOGY = "dermatology", _("Dermatologie")
    ENDOCRINOLOGY = "endocrinology", _("Endocrinologie")
    GASTROENTEROLOGY = "gastroenterology", _("Gastro-entérologie")
    GERIATRICS = "geriatrics", _("Gériatrie")
    GYNAECOLOGY = "gynaecology", _("Gynécologie")
    HAEMATOLOGY = "haematology", _("Hématologie")
    IMAGING = "imaging", _("Imagerie médicale")
    INTERNAL = "internal", _("Médecine interne")
    SPORTS = "sports", _("Médecine du sport")
    VASCULAR = "vascular", _("Médecine vasculaire")
    NEPHROLOGY = "nephrology", _("Néphrologie")
    NEUROLOGY = "neurology", _("Neurologie")
    ONCOLOGY = "oncology", _("Oncologie")
    OPHTHALMOLOGY = "ophthalmology", _("Ophtalmologie")
    EAR_NOSE_THROAT = "ear_nose_throat", _("Oto-rhino-laryngologie (ORL)")
    PAEDIATRICS = "paediatrics", _("Pédiatrie")
    PNEUMOLOGY = "pneumology", _("Pneumologie")
    PSYCHIATRY = "psychiatry", _("Psychiatrie")
    REHABILITATION = "rehabilitation", _("Médecine physique et de réadaptation")
    RHEUMATOLOGY = "rheumatology", _("Rhumatologie")
    UROLOGY = "urology", _("Urologie")
    ANALYSES = "analyses", _("Analyses médicales")
    DENTISTRY = "dentistry", _("Chirurgie dentaire")
    ORTHODONTICS = "orthodontics", _("Orthodontie")
    MIDWIFERY = "midwifery", _("Sage-femme")
    NURSING = "nursing", _("Soins infirmiers")
    PHARMACY = "pharmacy", _("Pharmacie")
    PHYSIOTHERAPY = "physiotherapy", _("Kinésithérapie")
    OSTEOPATHY = "osteopathy", _("Ostéopathie")
    CHIROPODY = "chiropody", _("Pédicurie-podologie")
    SPEECH_THERAPY = "speech_therapy", _("Orthophonie")
    ORTHOPTICS = "orthoptics", _("Orthoptie")
    OCCUPATIONAL_THERAPY = "occupational_therapy", _("Ergothérapie")
    PSYCHOMOTRICITY = "psychomotricity", _("Psychomotricité")
    DIETETICS = "dietetics", _("Diététique")
    PSYCHOLOGY = "psychology", _("Psychologie")
    AUDIOLOGY = "audiology", _("Audioprothèse")
    OPTICS = "optics", _("Optique")


# Beside the name: who practises it, and what people call it.
ASKED_AS = {
    Specialty.GENERAL: "médecin généraliste traitant famille docteur general practitioner doctor gp",
    Specialty.ALLERGY: "allergologue allergist",
    Specialty.ANAESTHESIA: "anesthésiste réanimation anaesthetist",
    Specialty.CARDIOLOGY: "cardiologue cœur cardiologist heart",
    Specialty.SURGERY: "chirurgien orthopédie surgeon",
    Specialty.DERMATOLOGY: "dermatologue peau vénéréologie dermatologist skin",
    Specialty.ENDOCRINOLOGY: "endocrinologue diabétologue diabète endocrinologist diabetes",
    Specialty.GASTROENTEROLOGY: "gastroentérologue hépatologie gastroenterologist",
    Specialty.GERIATRICS: "gériatre geriatrician",
    Specialty.GYNAECOLOGY: "gynécologue obstétrique gynaecologist gynecologist",
    Specialty.HAEMATOLOGY: "hématologue haematologist",
    Specialty.IMAGING: "radiologue radiologie échographie scanner irm radiologist radiology",
    Specialty.INTERNAL: "interniste internist",
    Specialty.SPORTS: "médecin du sport",
    Specialty.VASCULAR: "angiologue phlébologue phlébologie angiologist",
    Specialty.NEPHROLOGY: "néphrologue reins nephrologist",
    Specialty.NEUROLOGY: "neurologue neurologist",
    Specialty.ONCOLOGY: "oncologue cancérologue oncologist",
    Specialty.OPHTHALMOLOGY: "ophtalmologue ophtalmologiste ophtalmo yeux oculiste ophthalmologist eyes",
    Specialty.EAR_NOSE_THROAT: "orl oto rhino otorhinolaryngologiste ent",
    Specialty.PAEDIATRICS: "pédiatre enfants paediatrician pediatrician children",
    Specialty.PNEUMOLOGY: "pneumologue poumons pulmonologist",
    Specialty.PSYCHIATRY: "psychiatre pédopsychiatre psychiatrist",
    Specialty.REHABILITATION: "rééducation physiatrist",
    Specialty.RHEUMATOLOGY: "rhumatologue rheumatologist",
    Specialty.UROLOGY: "urologue urologist",
    Specialty.ANALYSES: "laboratoire biologiste biologie prise de sang laboratory",
    Specialty.DENTISTRY: "dentiste chirurgien dentaire dents dentist",
    Specialty.ORTHODONTICS: "orthodontiste orthodontist",
    Specialty.MIDWIFERY: "sage femme maïeuticien maïeutique grossesse midwife",
    Specialty.NURSING: "infirmier infirmière ide nurse",
    Specialty.PHARMACY: "pharmacien pharmacist",
    Specialty.PHYSIOTHERAPY: "kinésithérapeute kiné masseur physiotherapist physio",
    Specialty.OSTEOPATHY: "ostéopathe ostéo osteopath",
    Specialty.CHIROPODY: "podologue pédicure pieds chiropodist podiatrist",
    Specialty.SPEECH_THERAPY: "orthophoniste logopède speech therapist",
    Specialty.ORTHOPTICS: "orthoptiste orthoptist",
    Specialty.OCCUPATIONAL_THERAPY: "ergothérapeute occupational therapist",
    Specialty.PSYCHOMOTRICITY: "psychomotricien",
    Specialty.DIETETICS: "diététicien nutritionniste nutrition dietitian",
    Specialty.PSYCHOLOGY: "psychologue psychologist",
    Specialty.AUDIOLOGY: "audioprothésiste audiologist",
    Specialty.OPTICS: "opticien lunettes optician",
}


def asked_by(word: str) -> frozenset[Specialty]:
    """The specialties of which a word begins like this one. `word`: as practices.plain_text.plain writes it."""
    return frozenset(one for one, words in _words().items() if any(known.startswith(word) for known in words))


@cache
def _words() -> dict[Specialty, frozenset[str]]:
    words = {}
    for one in Specialty:
        names = []
        for language in LANGUAGES:
            with override(language):
                names.append(str(one.label))
        words[one] = frozenset(plain(" ".join([*names, ASKED_AS[one]])).split())
    return words
