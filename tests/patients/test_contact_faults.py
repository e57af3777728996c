"""An invalid mobile or address gets a sentence that says exactly what is wrong, the same at every door."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from patients.contacts import clean_email, clean_mobile
from patients.models import Patient
from portals.patient.account import MobileForm
from tests.portals.api.conftest import Api, api  # noqa: F401

SignIn = Callable[[User], Client]
MOBILES = {
    "Il manque 1 chiffre": ["06 12 34 56 7", "+33 6 12 34 56 7", "0033612345​67", "٠٦١٢٣٤٥٦٧", "06.12.34.56.7"],
    "Il manque 2 chiffres": ["06 12 34 56", "06 00 00 00"],
    "Il manque 8 chiffres": ["06", "15"],
    "Il y a 1 chiffre de trop": ["06 12 34 56 789", "+33 6 12 34 56 789", "0033 6 12 34 56 789"],
    "Il y a 3 chiffres de trop": ["06 12 34 56 78 901"],
    "un seul numéro": [
        *("06 39 98 00 10 ou 07 11 22 33 44", "+33 6 39 98 00 10 ou +33 7 11 22 33 44", "0639980010/0711223344"),
        *("+33639980010 / +33711223344", "0639980010 (fils) 0711223344"),
        "06 12 34 56 78 / 07 12 34 56 78",
        "0612345678 0712345678",
        "06 12 34 56 78, 01 42 34 56 78",
    ],
    "téléphone fixe": [
        *("01 42 34 56 78", "0442345678", "+33 1 42 34 56 78", "09 72 12 34 56", "0262 20 12 34"),
        *("+32 2 555 12 12", "0032 2 555 12 12"),
    ],
    "numéro spécial": ["08 00 12 34 56", "0899 12 34 56"],
    "de lettres": [
        "06 12 34 56 7O",
        "0612CALLME",
        "06 12 34 56 78 maman",
        "06 12 34 56 78 poste 12",
        "06 l2 34 56 78",
    ],
    "retirez «\u00a0maman\u00a0»": ["06 12 34 56 78 maman", "0612345678 (maman)", "06 12 34 56 78, maman"],
    "retirez «\u00a0fils de Marie\u00a0»": ["0639980010 (fils de Marie)", "0639980010 fils de Marie"],
    "remplacez «\u00a0O\u00a0»": ["06 12 34 56 7O", "06 12 34 56 7 O"],
    "après +33, ce numéro en a 8, un mobile en a 9": ["+3363998001", "+33 6 39 98 00 1", "00 33 6 39 98 00 1"],
    "après +33, ce numéro en a 10, un mobile en a 9": ["+336399800101"],
    "Ce n’est pas un numéro": ["bonjour", "+", "-", "néant"],
    "Aucun pays n’a cet indicatif": ["+999 123 456", "+0 612345678"],
    "Il manque des chiffres à ce numéro d’indicatif +32": ["+32 475 12", "0032 475 12"],
    "indicatif +32 a trop de chiffres": ["+32 475 12 34 56 78 99"],
    "Aucun téléphone d’indicatif +44 n’a ce numéro": ["+44 7400 12345"],
    "Aucun téléphone n’a ce numéro": ["07 00 12 34 56", "12 34 56 78 90"],
}
EMAILS = {
    "plus de 254 caractères": [f"{'x' * 250}@exemple.fr", "x" * 300],
    "Il manque le @": ["marie", "marie.exemple.fr", "marie(at)exemple.fr"],
    "plusieurs @": ["marie@@exemple.fr", "marie@exemple@fr"],
    "en prend une seule": [
        *("marie@exemple.fr;luc@exemple.fr", "marie@exemple.fr luc@exemple.fr", "marie@exemple.fr, luc@exemple.fr"),
        *("marie@exemple.fr ou luc@exemple.fr", "Marie <marie@exemple.fr>, Luc <luc@exemple.fr>"),
    ],
    "sans ce qui l’entoure\u00a0: marie@exemple.fr.": [
        *("Marie <marie@exemple.fr>", '"Marie Durand" <marie@exemple.fr>', "<marie@exemple.fr>"),
        *("marie@exemple.fr (fille)", "marie@exemple.fr de sa fille"),
    ],
    "Retirez «\u00a0mailto:\u00a0»": ["mailto:marie@exemple.fr", "MAILTO:marie@exemple.fr"],
    "finit par «\u00a0,\u00a0»": ["marie@exemple.fr,", "marie@exemple.fr ,"],
    "finit par «\u00a0;\u00a0»": ["marie@exemple.fr;"],
    "plus de 64 caractères avant le @": [f"{'x' * 65}@exemple.fr"],
    "ne finit par «\u00a0.con\u00a0»": ["marie@gmail.con", "marie@exemple.con"],
    "Vouliez-vous dire marie@gmail.com\u00a0?": [
        "marie@gmail.con",
        "marie@gmail.c",
        "marie@gmail",
        "marie@gmial.con",
    ],
    "Vouliez-vous dire marie@orange.fr\u00a0?": ["marie@orange.f", "marie@orange.frr"],
    "ce qui précède le @": ["@exemple.fr"],
    "ce qui suit le @. ": ["marie@"],
    "espace": ["marie durand@exemple.fr", "marie@exem ple.fr", "marie @exemple.fr"],
    "remplacez «\u00a0é\u00a0»": [
        "rené@exemple.fr",
        "RENÉ@exemple.fr",
        "rene\u0301@exemple.fr",
    ],
    "accent avant le @": ["françois@exemple.fr", "œuvre@exemple.fr", "müller@exemple.fr"],
    "d’un autre alphabet": ["mаrie@exemple.fr", "марина@exemple.fr", "μαρια@exemple.fr", "مريم@exemple.fr"],
    "finit par un point": ["marie@exemple.fr.", "marie@exemple."],
    "deux points de suite": ["marie..durand@exemple.fr", "marie@exemple..fr"],
    "commence par un point": [".marie@exemple.fr"],
    "point à côté du @": ["marie.@exemple.fr", "marie@.exemple.fr"],
    "mettez un point": ["marie@exemple,fr", "marie,durand@exemple.fr", "marie@exemple;fr"],
    "retirez ce signe": ["marie@exemple.fr/", "marie@exemple_a.fr", "marie@[127.0.0.1]"],
    "Il manque la fin": ["marie@gmail", "marie@exemple", "marie@localhost"],
    "tiret est mal placé": ["marie@-exemple.fr", "marie@exemple-.fr"],
    "seule, sans ce qui l’entoure. Aucune adresse": ["Marie <marie@gmail.con>", "marie@exemple.con (privé)"],
    "pas complet ou pas juste": ["marie@exemple.f", "marie@exemple.123"],
}
MOBILE_CASES = [(typed, said) for said, examples in MOBILES.items() for typed in examples]
EMAIL_CASES = [(typed, said) for said, examples in EMAILS.items() for typed in examples]
TO_DO = ("aisissez", "emplacez", "érifiez", "etirez", "omplétez", "ardez", "ouliez", "etapez", "ettez", "xemple")


@pytest.mark.parametrize(("typed", "said"), MOBILE_CASES)
def test_what_is_wrong_with_a_mobile_is_said(typed: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_mobile(typed)
    assert refused.value.code == "invalid_mobile"
    [sentence] = refused.value.messages
    assert said in sentence
    assert any(verb in sentence for verb in TO_DO)
    assert "SMS" not in sentence


@pytest.mark.parametrize(("typed", "said"), EMAIL_CASES)
def test_what_is_wrong_with_an_address_is_said(typed: str, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_email(typed)
    assert refused.value.code == "invalid_email"
    [sentence] = refused.value.messages
    assert said.strip() in sentence
    assert any(verb in sentence for verb in TO_DO)


@pytest.mark.parametrize(
    "typed",
    ["marie+soins@exemple.fr", "m_d@exemple.fr", "o'reilly@exemple.fr", "marie@exämple.fr", "1@exemple.fr"],
)
def test_what_can_be_an_address_stays_one(typed: str) -> None:
    assert clean_email(typed) == typed


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["mobile", "email"])
def test_every_door_says_the_same(marie: Patient, bob: User, sign_in: SignIn, api: Api, name: str) -> None:  # noqa: F811
    clean = clean_mobile if name == "mobile" else clean_email
    for typed, _said in MOBILE_CASES if name == "mobile" else EMAIL_CASES:
        with pytest.raises(ValidationError) as refused:
            clean(typed)
        [sentence] = refused.value.messages
        contacts = {"email": marie.email, "mobile": marie.mobile}
        page = sign_in(bob).post(f"/pro/patients/{marie.pk}/", contacts | {name: typed})
        assert page.status_code == 400
        assert page.context["form"].errors[name] == [sentence]
        answer = api(bob).patch(f"/api/v1/patients/{marie.pk}/", {name: typed}, format="json")
        [error] = answer.json()["errors"]
        assert (error["detail"], error["attr"]) == (sentence, name)
        if name == "mobile":
            assert MobileForm({"mobile": typed}).errors[name] == [sentence]
