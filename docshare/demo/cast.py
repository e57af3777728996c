"""The people and things of the demo. Names, addresses and numbers are invented (numbers reserved for fiction by
ARCEP)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from practices.models import Role

PASSWORD = "lilas-demonstration-2026"  # noqa: S105  # everybody may know it: never in production
PRACTICE = "Cabinet médical des Lilas"
ADDRESS = "12 rue des Lilas\n75020 Paris"


class Person(NamedTuple):
    email: str
    title: str
    first_name: str
    last_name: str
    number: str
    roles: tuple[Role, ...]


class Record(NamedTuple):
    first_name: str
    last_name: str
    birth_date: date
    email: str | None
    mobile: str | None


STAFF = [
    Person("dr.martin@lilas.example", "Dr", "Anne", "Martin", "10003456789", (Role.PRACTITIONER,)),
    Person("dr.bernard@lilas.example", "Dr", "Karim", "Bernard", "10009876543", (Role.PRACTITIONER,)),
    Person("secretariat@lilas.example", "", "Julie", "Petit", "", (Role.SECRETARY,)),
    Person("admin@lilas.example", "", "Claire", "Moreau", "", (Role.ADMIN,)),
]
HOLDER = Record("Hugo", "Lefèvre", date(1979, 6, 17), "hugo.lefevre@courriel.example", "+33639980010")
PATIENTS = [
    Record("Marie", "Durand", date(1944, 3, 2), "marie.durand@courriel.example", "+33639980001"),
    Record("Jean", "Robert", date(1951, 11, 23), "jean.robert@courriel.example", "+33639980002"),
    Record("Camille", "Garnier", date(1988, 7, 14), "camille.garnier@courriel.example", "+33639980003"),
    Record("Inès", "Faure", date(1995, 1, 30), "ines.faure@courriel.example", None),
    Record("Georges", "Chevalier", date(1938, 9, 8), None, None),
    Record("Yasmine", "Benali", date(2001, 12, 5), "yasmine.benali@courriel.example", "+33639980004"),
    Record("Thomas", "Lambert", date(1972, 4, 19), "thomas.lambert@courriel.example", "+33639980005"),
]
# The account holder's relatives in the practice's records: an adult with and one without contacts, and a child.
ADULT_WITH_CONTACTS = Record(
    "Odette", "Lefèvre", date(1948, 2, 11), "odette.lefevre@courriel.example", "+33639980006"
)
ADULT_WITHOUT_CONTACTS = Record("Paul", "Lefèvre", date(1946, 8, 25), None, None)
CHILD = Record("Léo", "Lefèvre", date(2017, 5, 9), None, None)

REASONS = [("Consultation de suivi", 20, 1), ("Première consultation", 30, 4), ("Téléconsultation", 15, 6)]
LIBRARY = [
    (
        "Plan d’accès au cabinet",
        "information",
        [
            "Le cabinet se trouve au 12 rue des Lilas, au premier étage avec ascenseur.",
            "Métro : ligne 11, station Porte des Lilas, sortie 2. Bus : lignes 96 et 115.",
            "Un stationnement réservé aux personnes à mobilité réduite se trouve devant l’entrée.",
        ],
    ),
    (
        "Préparer votre première consultation",
        "information",
        [
            "Apportez votre carte Vitale, vos dernières ordonnances et vos résultats d’examens récents.",
            "Notez vos questions et les traitements que vous prenez, même ceux sans ordonnance.",
        ],
    ),
    (
        "Questionnaire de santé",
        "other",
        [
            "Antécédents médicaux et chirurgicaux : ............................................................",
            "Allergies connues : ...............................................................................",
            "Traitements en cours : ............................................................................",
        ],
    ),
    (
        "Consentement à la téléconsultation",
        "consent",
        [
            "Je consens à ce que la consultation ait lieu par vidéotransmission.",
            "Je suis informé que je peux demander à tout moment une consultation au cabinet.",
        ],
    ),
    (
        "Conseils après une vaccination",
        "information",
        [
            "Une douleur ou une rougeur au point d’injection est fréquente et disparaît en deux jours.",
            "En cas de fièvre qui dure plus de quarante-huit heures, appelez le cabinet.",
        ],
    ),
]
INSTRUCTIONS = [
    ("Apportez votre carte Vitale et vos dernières ordonnances.", ""),
    ("Connectez-vous cinq minutes avant l’heure, depuis un endroit calme et bien éclairé.", "Téléconsultation"),
]
# Title, category, of whose appointment, text, and what became of it.
DOCUMENTS = [
    (
        "Ordonnance du Dr Martin",
        "prescription",
        "Lefèvre",
        ["Paracétamol 1 g : un comprimé en cas de douleur, au plus trois par jour, pendant cinq jours."],
        "read",
    ),
    (
        "Compte rendu de consultation",
        "report",
        "Durand",
        ["Tension artérielle bien équilibrée. Poursuite du traitement. Contrôle dans trois mois."],
        "unread",
    ),
    (
        "Ordonnance de renouvellement",
        "prescription",
        "Garnier",
        ["Renouvellement du traitement habituel pour trois mois."],
        "bounced",
    ),
]
