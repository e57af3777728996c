"""Guesses the category of an upload from its name and text, as a proposal that staff may change.

A wrong category misleads the patient. So in doubt it proposes none: two kinds of documents in one name, a word in the
middle of a sentence, a photograph called a prescription (it is a copy of one).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from django.utils.translation import gettext as _

from documents.models import Category
from patients.names import plain

NEUTRAL = "other"
PRESCRIPTION = "prescription"
MAX_TEXT = 20_000  # characters
MAX_NAME = 255
LONGEST_HEADING = 8  # words
# Words for what a document is, in the form that `_words` produces: no accents, no final s.
KINDS = {
    "prescription": ("ordonnance", "ordo", "prescription"),
    "report": (
        *("compte rendu", "cr", "crh", "cro", "rapport medical", "synthese medicale"),
        *("medical report", "discharge summary", "consultation report", "operative report"),
    ),
    "results": ("resultat", "test result", "lab result", "blood test"),
    "certificate": (
        *("certificat", "attestation", "arret de travail", "avi d arret", "arret maladie"),
        *("certificate", "sick note", "sick leave", "fit note"),
    ),
    "letter": (
        *("courrier", "lettre", "cher confrere", "chere consoeur", "cher collegue", "chere collegue"),
        *("letter", "dear colleague"),
    ),
    "invoice": ("facture", "devi", "note d honoraire", "feuille de soin", "invoice", "quote", "quotation", "receipt"),
    "consent": ("consentement", "consent", "consent form"),
    "information": ("plan d acce", "brochure", "fiche d information", "notice d information", "leaflet"),
}
# Words for its subject, used if no word says what it is.
SUBJECTS = {
    "results": (
        *("analyse", "biologie", "bilan sanguin", "bilan biologique", "prise de sang", "laboratoire", "hemogramme"),
        *("analysi", "biology", "laboratory", "blood work"),
    ),
    "imaging": (
        *("imagerie", "radio", "radiographie", "radiologie", "echo", "echographie", "irm", "scanner", "mammographie"),
        *(
            "doppler",
            "photo",
            "photographie",
            "imaging",
            "radiography",
            "radiology",
            "x ray",
            "xray",
            "mri",
            "ct scan",
        ),
        *("ultrasound", "photograph", "picture"),
    ),
}
# Common French abbreviations in file names; in a text they may mean something else.
ABBREVIATIONS = {
    "prescription": ("rp",),
    "report": ("crc", "crop", "cr op", "cr hospit"),
    "certificate": ("certif", "cert"),
    "letter": ("clettre", "lettre de sortie", "lettre de liaison"),
    "invoice": ("fact", "fse"),
}
SUBJECT_ABBREVIATIONS = {
    "results": (
        *("bio", "nf", "bilan", "labo", "hemato", "iono", "ionogramme", "ecbu", "crp", "tsh", "glycemie"),
        *("creatinine", "serologie"),
    ),
    "imaging": (
        *("rx", "tdm", "tep", "petscan", "pet scan", "scinti", "scintigraphie", "mammo", "pano", "panoramique"),
        *(
            "cone beam",
            "conebeam",
            "cbct",
            "echodoppler",
            "osteodensitometrie",
            "rmn",
            "angioscanner",
            "arthroscanner",
        ),
    ),
}
BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")


NOT_NAME = re.compile(r"\.[^\W_]{1,5}$")  # a file extension
BEFORE_A_HEADING = {"medical", "medicale", "le", "la", "l", "votre", "vo", "your", "the"}
ALONE = {"prescription"}
Phrases = Mapping[str, tuple[str, ...]]


class Source(StrEnum):
    NAME = "name"
    TEXT = "text"


@dataclass(frozen=True)
class Likely:
    """A category to propose, and where the evidence was; `source` is None if there is none."""

    category: Category | None
    source: Source | None

    @property
    def sentence(self) -> str:
        if self.category and self.source == Source.NAME:
            return _("Catégorie proposée d’après le nom du fichier.")
        if self.category and self.source == Source.TEXT:
            return _("Catégorie proposée d’après le texte du document.")
        return _("La catégorie n’a pas été reconnue. Choisissez-la dans la liste.")


def likely_category(*, name: str, text: str, is_picture: bool) -> Likely:
    """Chooses among the active categories. Without evidence: the neutral one, or none if that is inactive."""
    active = {one.code: one for one in Category.objects.filter(is_active=True)}
    kinds = KINDS | {
        code: _labels(one) for code, one in active.items() if code not in KINDS | SUBJECTS | {NEUTRAL: ()}
    }
    code, source = _read(name, text, kinds)
    if code not in active or (is_picture and code == PRESCRIPTION):
        return Likely(active.get(NEUTRAL), None)
    return Likely(active[code], source)


def _read(name: str, text: str, kinds: Phrases) -> tuple[str, Source | None]:
    words = _words(NOT_NAME.sub("", name[:MAX_NAME]))
    for phrases, short in ((kinds, ABBREVIATIONS), (SUBJECTS, SUBJECT_ABBREVIATIONS)):
        every = chain(_all(phrases), _all(short))
        codes = {code for code, phrase in every if f" {phrase} " in f" {words} "}
        if len(codes) == 1:
            return codes.pop(), Source.NAME
        if codes:
            return "", None
    for line in text[:MAX_TEXT].splitlines():
        if code := _heading(_words(line), kinds):
            return code, Source.TEXT
    return "", None


def _heading(line: str, kinds: Phrases) -> str:
    """The kind that a short line begins with; empty if none. The first one in a text wins."""
    words = [word for word in line.split() if word not in BEFORE_A_HEADING]
    if not words or len(words) > LONGEST_HEADING:
        return ""
    for phrases in (kinds, SUBJECTS):
        for code, phrase in _all(phrases):
            alone = phrase in ALONE and len(words) > 1  # "Prescription du 12/03" also occurs on test results
            if f"{' '.join(words)} ".startswith(f"{phrase} ") and not alone:
                return code
    return ""


def _all(phrases: Phrases) -> Iterator[tuple[str, str]]:
    return ((code, phrase) for code, several in phrases.items() for phrase in several)


def _labels(category: Category) -> tuple[str, ...]:
    """The names of a category that an administrator added."""
    return tuple(filter(None, {_words(category.label_fr), _words(category.label_en)}))


def _words(text: str) -> str:
    """Plain words, without the plural s: "CompteRendu_12" and "comptes-rendus 12" become equal."""
    return " ".join(word.rstrip("s") or word for word in plain(BETWEEN_WORDS.sub(" ", text)).split())
