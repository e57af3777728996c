"""From an empty installation to the first signed document that is read on a telephone, every step through pages.

docs/first_document.md says how many actions each part takes; FIRST_DOCUMENT=1 writes it anew, with times.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings as site_settings
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.letters import letter, signature
from documents.models import AutoSendRule, SharedDocument
from documents.sending.autosend import send_due
from patients.models import Patient
from practices.models import Membership, Practice
from tests.e2e.conftest import Visitor
from tests.e2e.first_document_table import DOCUMENT, actions_in, total, written
from tests.e2e.hands import Keys, Ledger, Mouse, drawn_stroke
from tests.e2e.steps import code_by_sms, deliver, newest_email_to
from tests.e2e.test_first_run import first_link
from tests.e2e.test_sole_control import leave_for
from tests.files.test_logos import drawn

# Two hundred actions and every page checked: minutes, on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]
PHRASE = "des prunes en automne"
OWN_EMAIL, OWN_MOBILE = "claire.moreau@courriel.example", "+33639981234"
NADIA_EMAIL, NADIA_MOBILE = "nadia.benali@courriel.example", "+33639980099"


def link_in_email(base: str, path: str, address: str) -> str:
    deliver()
    found = re.search(rf"{re.escape(base)}{path}\S+", newest_email_to(address))
    assert found
    return found[0]


def second_factor(hands: Mouse) -> None:
    """The code of an authenticator app, then the recovery codes."""
    secret = hands.page.input_value("#authenticator_secret")
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    hands.write(hands.page.locator("[name=code]"), code)
    hands.on("main button[type=submit]", then="odes de secours")
    hands.follow("Continuer", then="Créez votre cabinet")


def first_visit(hands: Mouse, link: str) -> None:
    hands.open(link)
    for label, text in (("Prénom", "Claire"), ("Nom", "Moreau"), ("Adresse e-mail", "claire@port.example")):
        hands.write(label, text)
    hands.press("Continuer", then="Comment vous connecterez-vous")
    hands.write("Choisissez un mot de passe", PHRASE)
    hands.press("Ouvrir mon compte", then="Activer une application de codes")
    second_factor(hands)


def practice(hands: Mouse) -> None:
    hands.write("Nom du cabinet", "Cabinet du Port")
    hands.press("Créer le cabinet", says="La suivante")


def identity(hands: Mouse, folder: Path) -> None:
    hands.follow("Présenter le cabinet", then="Identité du cabinet")
    hands.write("Adresse", "12 quai du Port\n56000 Vannes")
    hands.write("Téléphone", "02 97 00 00 00")
    hands.press("Enregistrer l’identité", says="coordonnées du cabinet sont enregistrées")
    (folder / "logo.png").write_bytes(drawn())
    hands.give("#logo-file", "#logo-file", folder / "logo.png")
    hands.press("Enregistrer ce logo", says="Le logo est enregistré")


def who_signs(hands: Mouse) -> None:
    hands.follow("Désigner qui signe, inviter l’équipe", then="Membres du cabinet")
    hands.follow("Changer mes droits", then="Claire Moreau")
    hands.tick("Praticien")
    hands.press("Enregistrer", then="Mon compte")
    hands.write("Titre", "Dr")
    hands.write("Numéro RPPS", "10101010105")
    hands.press("Enregistrer", says="Votre identité est enregistrée")


def agenda_and_week(hands: Mouse) -> None:
    hands.follow("Créer les agendas", then="Agendas et horaires")
    hands.follow("Créer le premier agenda", then="Nouvel agenda")
    hands.write("Nom de l’agenda", "Dr Claire Moreau")
    hands.choose("Praticien", "Dr Claire Moreau")
    hands.press("Créer cet agenda", then="Horaires")
    monday = hands.page.locator("[data-day-rows='0']")
    for start, end in (("9", "12"), ("14", "18")):
        hands.on("[data-day-rows='0'] [data-add-range]")
        hands.write(monday.locator("[name$=-start]").last, start)
        hands.write(monday.locator("[name$=-end]").last, end)
    hands.press("Copier lundi vers mardi–vendredi", says="Rien n’est encore enregistré")
    hands.press("Enregistrer la semaine", says="sont enregistrés")


def reasons(hands: Mouse) -> None:
    hands.follow("Choisir les motifs", then="Motifs de consultation")
    hands.follow("Choisir les motifs d’une spécialité", then="Motifs d’une spécialité")
    for name in ("Consultation de médecine générale", "Renouvellement d’ordonnance", "Vaccination, 15 minutes"):
        hands.tick(name)
    hands.press("Ajouter les motifs cochés", says="3 motifs ajoutés")


def own_signature(hands: Mouse, folder: Path) -> None:
    """Drawn by mouse; by keyboard alone, an image of it."""
    hands.follow("Préparer la signature", then="Ma signature")
    leave_for(hands.visitor, 6)
    hands.page.reload()
    by_keyboard = isinstance(hands, Keys)
    if by_keyboard:
        (folder / "signature.png").write_bytes(signature(1))
        hands.give("#signature-file", "#signature-file", folder / "signature.png")
    else:
        with hands.ledger.action():
            drawn_stroke(hands.page)
    hands.press("Enregistrer cette image" if by_keyboard else "Enregistrer ce dessin", says="C’est bien vous")
    confirm(hands, says="Votre signature est enregistrée")


def confirm(hands: Mouse, says: str) -> None:
    """The password once more: what was signed in for longer than five minutes ago does not sign."""
    hands.write(hands.page.locator("[data-sign-in-again] [name=password]"), PHRASE)
    hands.on("[data-sign-in-again] button[type=submit]", says=says)


def closings(hands: Mouse) -> None:
    hands.follow("Voir toutes les étapes", then="Mise en route")
    hands.follow("Noter fermetures et jours fériés", then="Jours fériés")
    hands.choose("Année", str(timezone.localdate().year + 1))
    hands.press("Voir les jours fériés", says=f"en {timezone.localdate().year + 1}")
    hands.tick(hands.page.locator("[name=days]:not([disabled])").first)
    hands.press("Fermer les jours cochés", says="La fermeture est enregistrée")


def invitation(hands: Mouse) -> None:
    hands.follow("Voir toutes les étapes", then="Mise en route")
    hands.follow("Désigner qui signe, inviter l’équipe", then="Membres du cabinet")
    hands.follow("Inviter un membre", then="Inviter un membre")
    for label, text in (("Adresse e-mail", "sam@port.example"), ("Prénom", "Sam"), ("Nom", "Le Goff")):
        hands.write(label, text)
    hands.tick("Secrétaire")
    hands.press("Envoyer l’invitation", says="L’invitation part à")


def colleague_joins(phone: Mouse) -> None:
    phone.open(link_in_email(phone.visitor.base, "/join/", "sam@port.example"))
    phone.press("Continuer", then="Créez votre compte")
    phone.write("Choisissez un mot de passe", "quatre mésanges sur le toit")
    phone.press("Créer mon compte", then="Activer une application de codes")
    secret = phone.page.input_value("#authenticator_secret")
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    phone.write(phone.page.locator("[name=code]"), code)
    phone.on("main button[type=submit]", then="odes de secours")


def library(hands: Mouse, folder: Path) -> None:
    hands.follow("Voir toutes les étapes", then="Mise en route")
    hands.follow("Ajouter un premier document à la bibliothèque", then="Bibliothèque")
    plan = folder / "Plan d’accès.pdf"
    plan.write_bytes(letter("Plan d’accès", ["Le cabinet est au 12 quai du Port."], heading="Cabinet du Port"))
    hands.give("[data-browse]", "#library-files", plan)
    expect(hands.page.locator("[data-cards] > :first-child")).to_contain_text("Plan d’accès", timeout=60_000)


def rule(hands: Mouse) -> None:
    hands.follow("Voir toutes les étapes", then="Mise en route")
    hands.follow("Écrire une première règle d’envoi", then="Envoi automatique")
    hands.follow("Écrire la première règle", then="Nouvelle règle")
    hands.write("Nom de la règle", "Avant de venir")
    hands.tick("Plan d’accès")
    hands.press("Enregistrer la règle", says="La règle est enregistrée")


def trial_document(hands: Mouse, folder: Path) -> None:
    """To oneself as a patient: an own record, an appointment at the time that is proposed, a signed PDF."""
    page = hands.page
    hands.follow("S’envoyer un document d’essai", then="Nouveau rendez-vous")
    hands.write("Nom", "Moreau")
    hands.write("Prénom", "Claire")
    hands.write_date("Date de naissance", date(1980, 5, 5))  # typed alike where the browser asks for the month first
    hands.write("Mobile", "06 39 98 12 34")
    hands.write("Adresse e-mail", OWN_EMAIL)
    hands.choose("Motif", "Consultation de médecine générale")
    hands.press("Prendre le rendez-vous", says="Le rendez-vous de Claire Moreau est pris")
    hands.follow("Partager des documents", then="Partager des documents")
    trial = folder / "Ordonnance.pdf"
    trial.write_bytes(letter("Ordonnance", ["Un document d’essai."], heading="Cabinet du Port"))
    hands.give("#files", "#files", trial)
    card = page.locator("[data-card]")
    expect(card.locator("[data-stamp]")).to_be_visible(timeout=60_000)
    hands.look()
    leave_for(hands.visitor, 6)
    hands.on("[data-card] [data-validate]", says="C’est bien vous")
    confirm(hands, says="est partagé")
    expect(card.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    page.wait_for_load_state("networkidle")


def read_as_a_patient(phone: Mouse) -> None:
    phone.open(link_in_email(phone.visitor.base, "/invitation/", OWN_EMAIL))
    phone.press("Recevoir le code par SMS", then="Quel est le code")
    phone.write("Code reçu par SMS", code_by_sms(OWN_MOBILE))
    phone.press("Continuer", then="date de naissance")
    for label, text in (("Jour", "5"), ("Mois", "mai"), ("Année", "1980")):
        phone.write(label, text)
    phone.press("Continuer", then="Créez votre compte")
    phone.write("Choisissez un mot de passe", "une phrase facile 42")
    phone.on("main button[type=submit]:has-text('Voir m')", then="Mes documents")
    phone.press("Ordonnance", then="Ordonnance")
    expect(phone.page.locator(".page-image").first).to_have_js_property("complete", True)
    expect(phone.page.locator("main")).to_contain_text("Signé par Dr Claire Moreau")


def the_practice_is_ready(hands: Mouse) -> None:
    hands.follow("Cabinet", then="Cabinet du Port")
    hands.follow("Mise en route", then="Mise en route")
    expect(hands.page.locator("main")).to_contain_text("Votre cabinet est prêt")


def a_new_patient_books(phone: Mouse) -> None:
    phone.open(f"{phone.visitor.base}/book/")
    phone.follow("Cabinet du Port", then="Cabinet du Port")
    phone.follow("Prendre rendez-vous", then="pourquoi venez-vous")
    phone.on("main a:has-text('au cabinet')", then="Quand souhaitez-vous venir")
    phone.on("a:has-text('Jours suivants')")
    phone.page.wait_for_url("**?from=*")
    phone.look()
    phone.on(".slots button", then="Qui êtes-vous")
    for label, text in (("Votre prénom", "Nadia"), ("Votre nom", "Benali"), ("Jour", "3"), ("Mois", "février"),
                        ("Année", "1984"), ("Votre mobile", "06 39 98 00 99"),
                        ("Votre adresse e-mail", NADIA_EMAIL)):  # fmt: skip
        phone.write(label, text)
    phone.press("Recevoir mes codes", then="Quels sont vos codes")
    phone.write("Code reçu par SMS", code_by_sms(NADIA_MOBILE))
    found = re.search(r"(?<!\d)\d{6}(?!\d)", newest_email_to(NADIA_EMAIL))
    assert found
    phone.write("Code reçu par e-mail", found[0])
    phone.press("Continuer", then="Choisissez un mot de passe")
    phone.write("Choisissez un mot de passe", "une phrase facile 42")
    phone.press("Prendre le rendez-vous", says="Votre rendez-vous est pris")


def sets_the_practice_up(hands: Mouse, folder: Path) -> None:
    ledger = hands.ledger
    with ledger.part("The operator’s account, with a second factor"):
        first_visit(hands, first_link(hands.visitor.base))
    with ledger.part("The practice"):
        practice(hands)
    with ledger.part("Its identity and logo"):
        identity(hands, folder)
    with ledger.part("Who signs, with title and RPPS"):
        who_signs(hands)
    with ledger.part("An agenda, and its week painted once and copied"):
        agenda_and_week(hands)
    with ledger.part("Three visit reasons from a ready-made set"):
        reasons(hands)
    with ledger.part("The own signature"):
        own_signature(hands, folder)


def opened_to_patients(hands: Mouse) -> None:
    hands.follow("Voir toutes les étapes", then="Mise en route")
    hands.follow("Être trouvé par les patients", then="Réservation en ligne")
    hands.tick("Le cabinet figure dans la recherche de ce site et dans les moteurs de recherche")
    hands.press("Enregistrer", says="Le réglage est enregistré")


def adds_what_can_wait(hands: Mouse, folder: Path) -> None:
    ledger = hands.ledger
    with ledger.part("Found by patients (can wait)"):
        opened_to_patients(hands)
    with ledger.part("A public holiday (can wait)"):
        closings(hands)
    with ledger.part("A member invited (can wait)"):
        invitation(hands)
    with ledger.part("A first document of the library (can wait)"):
        library(hands, folder)
    with ledger.part("A first rule (can wait)"):
        rule(hands)


WAYS = {"by mouse": (Mouse, 1440, 900), "by keyboard alone": (Keys, 360, 740)}


@pytest.mark.parametrize("way", WAYS)
def test_from_an_empty_installation_to_a_signed_document_read_on_a_telephone(
    bare_site: str, browser: Browser, settings: Settings, tmp_path: Path, way: str
) -> None:
    settings.STAFF_SECOND_FACTOR = True  # as in production
    assert site_settings.STAFF_SECOND_FACTOR
    assert not User.objects.exists()
    assert not Practice.objects.exists()
    kind, width, height = WAYS[way]
    ledger = Ledger()
    hands = kind(Visitor(browser, bare_site, width, height), ledger)
    sets_the_practice_up(hands, tmp_path)
    adds_what_can_wait(hands, tmp_path)
    with ledger.part("A test document shared and signed"):
        trial_document(hands, tmp_path)
    own, nadia, sam = (kind(Visitor(browser, bare_site, 360, 740), ledger) for _phone in range(3))
    with ledger.part("The same read by the patient, on a telephone"):
        read_as_a_patient(own)
    with ledger.part("The checklist says that the practice is ready"):
        the_practice_is_ready(hands)
    with ledger.part("A member joins, on a telephone"):
        colleague_joins(sam)
    with ledger.part("A new patient joins and books, on a telephone"):
        a_new_patient_books(nadia)
    nothing_but_what_was_made()
    if os.environ.get("FIRST_DOCUMENT"):
        DOCUMENT.write_text(written(ledger, way))
    text = DOCUMENT.read_text()
    assert {name: part.actions for name, part in ledger.parts.items()} == actions_in(text)
    assert f"| **{total(ledger)[0]}** |" in text


def nothing_but_what_was_made() -> None:
    """One practice, four accounts and two patients: no row of the demo. The automatic document went out, too."""
    send_due()
    assert Practice.objects.get().name == "Cabinet du Port"
    assert Membership.objects.count() == 2
    assert set(User.objects.values_list("email", flat=True)) == {
        "claire@port.example", "sam@port.example", OWN_EMAIL, NADIA_EMAIL
    }  # fmt: skip
    assert set(Patient.objects.values_list("last_name", flat=True)) == {"Moreau", "Benali"}
    assert Appointment.objects.count() == 2
    assert AutoSendRule.objects.count() == 1
    signed = SharedDocument.objects.get(signed_at__isnull=False)
    assert signed.signed_by
    assert signed.signed_by.email == "claire@port.example"
    assert signed.first_read_at
