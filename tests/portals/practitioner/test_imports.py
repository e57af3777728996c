"""The pages of imports: upload, columns, dry run, import, undo; for administrators alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from imports.models import Import, Stage
from patients.models import Patient
from practices.models import Practice
from tests.imports.calendar_server import calendar, event
from tests.imports.conftest import PEOPLE, in_days, run_all

SignIn = Callable[[User], Client]
URL = "/pro/settings/import/"


def send(client: Client, text: str = PEOPLE, name: str = "export.csv") -> str:
    file = SimpleUploadedFile(name, text.encode())
    answer = client.post(URL, {"subject": "patients", "file": file})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_a_file_is_checked_imported_and_undone(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    page = send(client)
    assert "Vérification en cours" in client.get(page).content.decode()
    run_all()
    shown = client.get(page).content.decode()
    assert "Importer 3 lignes" in shown
    assert "La date de naissance manque." in shown
    client.post(f"{page}start/")
    assert "hx-trigger" in client.get(f"{page}state/").content.decode()
    run_all()
    assert Patient.objects.count() == 3
    shown = client.get(page).content.decode()
    assert "Annuler cet import" in shown
    assert "hx-trigger" not in shown
    assert client.get(f"{page}undo/").status_code == 200
    assert Patient.objects.count() == 3
    client.post(f"{page}undo/")
    run_all()
    assert not Patient.objects.exists()


def test_columns_are_chosen_on_a_page(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    page = send(client, "A;B;C\nDurand;Marie;12/03/1950\n")
    shown = client.get(page).content.decode()
    assert "12/03/1950" in shown
    answer = client.post(f"{page}columns/", {"column-0": "last_name", "column-1": "first_name"})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "Date de naissance" in shown
    assert re.search(r'value="last_name"\s+selected', shown)  # what was chosen stays
    choice = {"column-0": "last_name", "column-1": "first_name", "column-2": "birth_date"}
    assert client.post(f"{page}columns/", choice).status_code == 302
    run_all()
    assert Import.objects.get().new == 1


def test_a_calendar_without_reasons_is_checked_again_with_a_chosen_one(
    sign_in: SignIn, carol: User, marie: Patient, agenda: Agenda, visit_reason: VisitReason
) -> None:
    other = VisitReason.objects.create(practice=agenda.practice, name="Suivi")
    agenda.visit_reasons.add(other)
    client = sign_in(carol)
    file = SimpleUploadedFile("agenda.ics", calendar(event("one", in_days(3))))
    page = str(client.post(URL, {"subject": "appointments", "file": file})["Location"])
    run_all()
    shown = client.get(page).content.decode()
    assert "Le motif manque." in shown
    assert f'action="{page}unnamed/"' in shown
    refused = client.post(f"{page}unnamed/", {"agenda": agenda.pk, "visit_reason": agenda.pk})
    assert refused.status_code == 400
    assert re.search(rf'value="{agenda.pk}"\s+selected', refused.content.decode())  # what was chosen stays
    answer = client.post(f"{page}unnamed/", {"agenda": agenda.pk, "visit_reason": visit_reason.pk})
    assert answer.status_code == 302
    run_all()
    assert "Importer une ligne" in client.get(page).content.decode()
    client.post(f"{page}start/")
    run_all()
    assert Appointment.objects.get().visit_reason == visit_reason
    answer = client.post(f"{page}unnamed/", {"agenda": agenda.pk})
    assert answer.status_code == 400
    assert "entre la vérification et l’import" in answer.content.decode()


def test_refusals_stay_on_the_form(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    for name, text in (("x.pdf", "x"), ("x.csv", "PK\x03\x04"), ("x.ics", "<html>")):
        file = SimpleUploadedFile(name, text.encode())
        answer = client.post(URL, {"subject": "patients", "file": file})
        assert answer.status_code == 400
        assert "field-error" in answer.content.decode()
    assert client.post(URL, {"subject": "patients"}).status_code == 400
    assert not Import.objects.exists()


def test_an_import_is_stopped_and_resumed_by_its_buttons(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    page = send(client)
    run_all()
    client.post(f"{page}start/")
    client.post(f"{page}stop/")
    run_all()
    assert "Reprendre" in client.get(page).content.decode()
    client.post(f"{page}resume/")
    run_all()
    assert Import.objects.get().stage == Stage.DONE


def test_an_early_start_is_refused_with_a_sentence(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    page = send(client)
    answer = client.post(f"{page}start/", follow=True)
    assert "pas encore vérifié" in answer.content.decode()


def test_for_others_the_pages_do_not_exist(
    sign_in: SignIn, carol: User, alice: User, bob: User, charlie: User
) -> None:
    page = send(sign_in(carol))
    for other in (alice, bob, charlie):
        client = sign_in(other)
        if other != charlie:  # the administrator of another practice has imports of his own
            assert client.get(URL).status_code == 404
        for address in (page, f"{page}state/", f"{page}undo/", f"{page}alike/"):
            assert client.get(address).status_code == 404
        for verb in ("start", "stop", "resume", "undo", "columns", "unnamed", "alike"):
            assert client.post(f"{page}{verb}/").status_code == 404


ALIKE = "Nom;Prénom;Né(e) le;Courriel\n" + "".join(
    f"Durand;Marie{number};{number % 28 + 1:02d}/03/1950;other@durand.example\n" for number in range(120)
)


def test_alike_lines_are_chosen_on_pages_of_fifty(sign_in: SignIn, carol: User, practice: Practice) -> None:
    client = sign_in(carol)
    send(client, ALIKE.replace("other@", "first@"))
    run_all()
    client.post(f"{URL}{Import.objects.get().pk}/start/")
    run_all()
    assert Patient.objects.count() == 120
    page = send(client, ALIKE)
    run_all()
    assert f"{page}alike/" in client.get(page).content.decode()
    first = client.get(f"{page}alike/").content.decode()
    assert "Lignes 1 à 50 sur 120." in first
    assert "other@durand.example" in first  # of the line
    assert "first@durand.example" in first  # of the record
    following = re.search(r'name="then"\s+value="(\d+)"', first)
    assert following
    after = following[1]
    names = re.findall(r'name="(line-\d+)"', first)[::3]
    answer = client.post(f"{page}alike/", {names[0]: "create", names[1]: "same_record", "then": after})
    assert answer["Location"].endswith(f"?after={after}")
    assert "Lignes 51 à 100 sur 120." in client.get(answer["Location"]).content.decode()
    again = client.get(f"{page}alike/").content.decode()
    assert re.search(rf'id="{names[0]}-create"\s+value="create"\s+checked', again)
    assert "Importer 2 lignes" in client.get(page).content.decode()
    shown_lines = {f"shown-{one.removeprefix('line-')}": "leave_out" for one in names} | dict.fromkeys(
        names, "leave_out"
    )
    client.post(f"{page}alike/", {**shown_lines, names[2]: "same_record", "all-other_contacts": "create"})
    again = client.get(f"{page}alike/").content.decode()
    for name, chosen in ((names[2], "same_record"), (names[3], "create")):
        assert re.search(rf'id="{name}-{chosen}"\s+value="{chosen}"\s+checked', again)
    client.post(f"{page}alike/", {names[2]: "create"})
    shown = client.get(page).content.decode()
    assert "Importer 120 lignes" in shown
    client.post(f"{page}start/")
    run_all()
    assert Patient.objects.count() == 240
    answer = client.post(f"{page}alike/", {"all-other_contacts": "create"}, follow=True)
    assert "entre la vérification et l’import" in answer.content.decode()


@pytest.mark.parametrize("after", ["x", "²", "9" * 30, "-1", "0"])
def test_a_wrong_place_or_choice_is_ignored(sign_in: SignIn, carol: User, after: str) -> None:
    client = sign_in(carol)
    page = send(client)
    run_all()
    assert client.get(f"{page}alike/?after={after}").status_code == 200
    sent = {"line-²": "create", "line-x": "create", f"line-{'9' * 30}": "create", "line-1": "x", "after": after}
    assert client.post(f"{page}alike/", sent).status_code == 302
