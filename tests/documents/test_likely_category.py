"""The category proposed for an upload: right if its name or text states it, otherwise none that could mislead."""

from __future__ import annotations

import pytest

from documents.models import Category
from documents.sharing.likely_category import MAX_TEXT, Source, likely_category

pytestmark = pytest.mark.django_db

NAMES = {
    "ordonnance.pdf": "prescription", "Ordonnance du 24-11-2026.pdf": "prescription",
    "ORDO_durand.pdf": "prescription",
    "prescription-2026.pdf": "prescription", "OrdonnanceDurand12.pdf": "prescription", "ordonnances": "prescription",
    "Ordonnance radio du genou.pdf": "prescription", "Compte-rendu d’échographie.pdf": "report",
    "compte_rendu_12.pdf": "report", "CompteRendu.pdf": "report", "CR consultation.pdf": "report",
    "Medical report.pdf": "report", "résultats.pdf": "results", "Re\u0301sultats prise de sang.pdf": "results",
    "analyses 2026.pdf": "results", "Bilan sanguin.pdf": "results", "biologie_03.pdf": "results",
    "blood test.pdf": "results", "certificat médical.pdf": "certificate", "Certificate.pdf": "certificate",
    "Arrêt de travail.pdf": "certificate", "avis d'arret.pdf": "certificate", "sick-note.pdf": "certificate",
    "courrier.pdf": "letter", "Lettre au Dr Petit.pdf": "letter", "referral letter.pdf": "letter",
    "facture n°12.pdf": "invoice", "DEVIS.pdf": "invoice", "invoice_2026.pdf": "invoice",
    "Note d’honoraires.pdf": "invoice", "IRM genou.pdf": "imaging", "radiographie thorax.pdf": "imaging",
    "x-ray.pdf": "imaging", "Consentement éclairé.pdf": "consent", "plan d’accès.pdf": "information",
    "rx thorax.pdf": "imaging", "RX_genou_G.pdf": "imaging", "radios.pdf": "imaging", "TDM abdo.pdf": "imaging",
    "scanner.pdf": "imaging", "écho rénale.pdf": "imaging", "echodoppler.pdf": "imaging", "doppler MI.pdf": "imaging",
    "mammo 2026.pdf": "imaging", "pano dentaire.pdf": "imaging", "panoramique.pdf": "imaging",
    "Cone-Beam.pdf": "imaging", "CBCT 12.pdf": "imaging", "scinti osseuse.pdf": "imaging", "IRM2026.pdf": "imaging",
    "bio.pdf": "results", "NFS.pdf": "results", "bilan 03-2026.pdf": "results", "labo.pdf": "results",
    "BIO_24112026.pdf": "results", "ECBU.pdf": "results", "résultats labo.pdf": "results", "TSH.pdf": "results",
    "CRH cardio.pdf": "report", "CRO.pdf": "report", "cr_rx_thorax.pdf": "report", "CR irm.pdf": "report",
    "clettre.pdf": "letter", "lettre de liaison.pdf": "letter", "courriers.pdf": "letter",
    "rp.pdf": "prescription", "ordo bio.pdf": "prescription", "ordo rx.pdf": "prescription",
    "certif sport.pdf": "certificate", "fact 2026-11.pdf": "invoice",
}  # fmt: skip
SAY_NOTHING = [
    "scan.pdf", "IMG_2031.pdf", "Durand Marie.pdf", "document (2).pdf", "", "2026-11-24.pdf", "Crème.pdf",
    "Ordonnance et certificat.pdf", "radio et analyses.pdf", "coordonnances.pdf", "lettreur.pdf", ".pdf",
    "rx et bio.pdf", "xrx.pdf", "biopsie.pdf", "bionic.pdf", "laborde.pdf", "marpa.pdf", "crochet.pdf", "cran.pdf",
    "rxthorax.pdf", "Labourie.pdf", "tdmx.pdf", "Serge Factor.pdf", "Pano-Durand et bilan.pdf",
]  # fmt: skip
TEXTS = {
    "Dr Alice Morel\r\n12 rue des Lilas\r\nORDONNANCE\r\nParacétamol 1 g": "prescription",
    "Cabinet\nOrdonnance médicale\nRadiographie du genou": "prescription",
    "Cabinet\nPrescription\nParacétamol": "prescription",
    "Laboratoire du Port\nPrescription du 12/03/2026\nHémogramme": "results",
    "BIO-PORT\nPrescription du 12/03/2026 par le Dr Morel\nDossier 12": "other",
    "Hôpital\nCompte rendu opératoire\nCher confrère,\nNous avons": "report",
    "Dr Petit\nCher confrère,\nRésultats : normaux.": "letter",
    "Chère consœur,\nje vous adresse": "letter",
    "Je, soussigné\nCERTIFICAT MÉDICAL\n": "certificate",
    "Avis d’arrêt de travail\n": "certificate",
    "FACTURE n° 2026-12\nTotal": "invoice",
    "Devis n° 3": "invoice",
    "Dear colleague,\nthank you for": "letter",
    "Imagerie du Port\nCompte rendu": "imaging",
    "Votre ordonnance de novembre est à renouveler avant la fin du mois, prenez rendez-vous.": "other",
    "Je vous remercie de m’avoir adressé ce patient, dont l’ordonnance est jointe à ce document.": "other",
    "Rx\nParacétamol": "other",
    "Bilan du port\nBonjour": "other",
    "": "other",
}  # fmt: skip


def code(name: str = "scan.pdf", text: str = "", is_picture: bool = False) -> str:
    category = likely_category(name=name, text=text, is_picture=is_picture).category
    return category.code if category else ""


@pytest.mark.parametrize("name", NAMES)
def test_the_name_says_what_a_document_is(name: str) -> None:
    likely = likely_category(
        name=name, text="Certificat médical" if NAMES[name] != "certificate" else "Devis", is_picture=False
    )
    assert (likely.category and likely.category.code, likely.source) == (NAMES[name], Source.NAME)


@pytest.mark.parametrize("name", SAY_NOTHING)
def test_a_name_that_says_nothing_or_two_things_proposes_the_neutral_category(name: str) -> None:
    likely = likely_category(name=name, text="", is_picture=False)
    assert (likely.category and likely.category.code, likely.source) == ("other", None)


@pytest.mark.parametrize("text", TEXTS)
def test_headings_of_the_text_say_it_where_the_name_does_not(text: str) -> None:
    likely = likely_category(name="scan_0012.pdf", text=text, is_picture=False)
    assert likely.category
    assert (likely.category.code, likely.source) == (TEXTS[text], None if TEXTS[text] == "other" else Source.TEXT)


@pytest.mark.parametrize("name", ["ordonnance.jpg", "Prescription.heic", "IMG_12.jpg", "ordo.png", "scan.tiff"])
@pytest.mark.parametrize("text", ["", "ORDONNANCE"])
def test_a_photograph_is_never_a_prescription(name: str, text: str) -> None:
    assert code(name, text, is_picture=True) == "other"


@pytest.mark.parametrize(
    ("name", "category"), [("radio.jpg", "imaging"), ("photo.jpg", "imaging"), ("devis.png", "invoice")]
)
def test_a_photograph_may_be_what_its_name_says(name: str, category: str) -> None:
    assert code(name, is_picture=True) == category


def test_only_active_categories_are_proposed() -> None:
    Category.objects.filter(code="prescription").update(is_active=False)
    assert code("ordonnance.pdf") == "other"
    Category.objects.filter(code="other").update(is_active=False)
    assert code("ordonnance.pdf") == code("scan.pdf") == ""


def test_a_category_of_the_administration_is_known_by_its_names() -> None:
    Category.objects.create(code="vaccination", label_fr="Vaccinations", label_en="Vaccination record")
    assert (
        code("vaccination_2026.pdf")
        == code("Vaccination record.pdf")
        == code(text="Vaccinations\n…")
        == "vaccination"
    )


def test_a_long_text_is_read_to_a_limit() -> None:
    assert code(text="x" * MAX_TEXT + "\nORDONNANCE") == "other"
    assert code("x" * 5000 + " ordonnance.pdf") == "other"
