"""À signer, through the pages: ten documents with one sign-in, looking, sending back, who sees what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment, BookedFor
from documents.filling.drafts import keep_draft
from documents.library.catalogue import write_document
from documents.models import LibraryDocument, SharedDocument, Task, TaskState
from documents.to_sign.looking import mark_of, note_look, was_looked_at
from documents.to_sign.preparing import PARTS, send_back
from documents.to_sign.sign_tasks import sign_task
from documents.to_sign.standing import obstacle, standings
from files import storage
from patients.models import Patient
from signing.pdf.geometry import A4
from tests.conftest import PASSWORD, BookFixture
from tests.documents.to_sign.conftest import *  # noqa: F403  # what Bob prepares for Alice
from tests.documents.to_sign.conftest import Prepare, again
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
LIST = "/pro/to-sign/"


def look(browser: Client, task: Task) -> Any:
    page = browser.get(f"{LIST}{task.pk}/").content.decode()
    found = re.search(r'name="mark" value="([0-9a-f]{64})"', page)
    assert found
    return browser.post(f"{LIST}{task.pk}/look/", {"mark": found[1]})


def counted(browser: Client) -> str:
    """The number beside « À signer » in the rail."""
    page = browser.get("/pro/").content.decode()
    rail = page[page.index('href="/pro/to-sign/"') :].partition("</li>")[0]
    return "".join(re.findall(r'class="count">(\d+)', rail))


def test_ten_are_prepared_looked_at_one_after_the_other_and_signed_with_one_password(
    appointment: Appointment, template: LibraryDocument, bob: User, alice_signs: User, sign_in: SignIn
) -> None:
    secretary, doctor = sign_in(bob), sign_in(alice_signs, minutes=60)
    address = f"/pro/appointments/{appointment.pk}/fill/{template.current.pk}/"
    for number in range(10):
        asked = {"blank_1": "2027-03-02", "title": f"Arrêt {number}", "category": "certificate", "key": str(number)}
        for _each in range(1 if number else 2):  # a double click
            answer = secretary.post(address, {**asked, "signer": str(alice_signs.pk)})
            assert answer["Location"] == f"/pro/appointments/{appointment.pk}/"
    assert Task.objects.count() == 10
    assert not SharedDocument.objects.exists()
    assert counted(doctor) == "10"
    assert counted(secretary) == ""

    following = f"{LIST}{Task.objects.earliest('prepared_at').pk}/"
    for _each in range(10):
        following = look(doctor, Task.objects.get(pk=following.split("/")[-2]))["Location"]
    assert following == LIST
    chosen = re.findall(r'name="task"\s+value="([0-9a-f-]{36})"', doctor.get(LIST).content.decode())
    assert len(chosen) == 10
    assert doctor.post(f"{LIST}sign/", {"task": chosen}).status_code == 401
    assert doctor.post("/pro/sign-in-again/", {"password": PASSWORD}).status_code == 204
    page = doctor.post(f"{LIST}sign/", {"task": chosen}, follow=True).content.decode()
    assert "10 documents signés et partagés." in page
    assert SharedDocument.objects.filter(signed_by=alice_signs).count() == 10
    assert counted(doctor) == ""
    assert "Signé et partagé" in secretary.get(LIST).content.decode()


def test_the_page_of_one_shows_every_page_of_the_paper_and_what_it_is_for(
    prepare: Prepare, alice_signs: User, sign_in: SignIn
) -> None:
    page = sign_in(alice_signs).get(f"{LIST}{prepare().pk}/").content.decode()
    assert page.count('preserveAspectRatio="none"') == page.count("<image href=") == 1  # one page
    for words in ("arrêt jusqu’au", "2 mars 2027", "Marie Durand", "Bob Petit", "80 % de la gauche"):
        assert words in page


def test_the_page_of_one_shows_the_stamp_where_signing_puts_it(
    prepare: Prepare, alice_signs: User, bob: User, sign_in: SignIn
) -> None:
    task = prepare()
    doctor = one_line(sign_in(alice_signs).get(f"{LIST}{task.pk}/").content)
    stamp = re.search(
        r'<image href="(data:image/png;base64,[^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"',
        doctor,
    )
    assert stamp
    shown = [float(value) for value in stamp.groups()[1:]]
    secretary = one_line(sign_in(bob).get(f"{LIST}{task.pk}/").content)
    assert secretary.count("<image ") == 1  # the page; nobody else sees the stamp, a frame says where
    assert f'<rect x="{stamp[2]}" y="{stamp[3]}" width="{stamp[4]}" height="{stamp[5]}"' in secretary
    look(sign_in(alice_signs), task)
    document = sign_task(task=again(task), by=alice_signs)
    with storage.open_(document.file) as file:
        page = PdfReader(file).pages[-1]
        height = float(page.mediabox.height)
        assert float(page.mediabox.width) == pytest.approx(A4[2], abs=0.1)
        assert height == pytest.approx(A4[3], abs=0.1)
        fields = [one.get_object() for one in page.annotations or ()]
        [box] = [one["/Rect"] for one in fields if one["/Subtype"] == "/Widget"]
    x0, y0, x1, y1 = map(float, box)
    assert shown == pytest.approx([x0, height - y1, x1 - x0, y1 - y0], abs=0.5)


def test_getting_a_page_is_no_look_and_a_stale_page_is_none_either(
    prepare: Prepare, alice_signs: User, sign_in: SignIn
) -> None:
    task, doctor = prepare(), sign_in(alice_signs)
    page = doctor.get(f"{LIST}{task.pk}/").content.decode()
    assert again(task).looked_at is None
    stale = re.findall(r'name="mark" value="([0-9a-f]{64})"', page)[0]
    Task.objects.update(title="Autre titre")
    answer = doctor.post(f"{LIST}{task.pk}/look/", {"mark": stale}, headers={"X-Requested-With": "look"})
    assert answer.status_code == 409
    assert again(task).looked_at is None
    look(doctor, task)
    Task.objects.update(title="Encore un autre")
    listed = doctor.get(LIST).content.decode()
    assert "à regarder de nouveau" in listed
    assert 'name="task"' not in listed


def test_one_is_sent_back_and_the_secretary_corrects_it_or_takes_it_away(
    prepare: Prepare, alice_signs: User, bob: User, sign_in: SignIn
) -> None:
    task, doctor, secretary = prepare(), sign_in(alice_signs), sign_in(bob)
    empty = doctor.post(f"{LIST}{task.pk}/send-back/", {"sentence": ""})
    assert empty.status_code == 400
    assert "Dites en une phrase" in empty.content.decode()
    assert doctor.post(f"{LIST}{task.pk}/send-back/", {"sentence": "Mauvaise date."})["Location"] == LIST
    assert counted(secretary) == "1"
    assert "Mauvaise date." in secretary.get(LIST).content.decode()
    change = f"{LIST}{task.pk}/change/"
    page = secretary.get(change).content.decode()
    assert 'value="2027-03-02"' in page
    assert "Mauvaise date." in page
    asked = {"title": "Arrêt", "category": "certificate", "signer": str(alice_signs.pk), "revision": "1"}
    assert secretary.post(change, {**asked, "blank_1": ""}).status_code == 400
    assert secretary.post(change, {**asked, "blank_1": "2027-03-09"}).status_code == 302
    again_sent = secretary.post(change, {**asked, "blank_1": "2027-03-10"})
    assert again_sent.status_code == 400
    assert "entre-temps" in again_sent.content.decode()
    assert (again(task).state, counted(secretary), counted(doctor)) == ("waiting", "", "1")
    withdraw = f"{LIST}{task.pk}/withdraw/"
    assert secretary.get(withdraw).status_code == 200
    assert secretary.post(withdraw).status_code == 302
    cache.clear()  # of the doctor’s numbers in the rail, which a colleague changed within ten seconds
    assert (again(task).state, counted(doctor)) == ("withdrawn", "")


def test_the_panel_and_the_history_say_what_waits_and_what_became_of_it(
    prepare: Prepare, appointment: Appointment, alice_signs: User, bob: User, rita: User, sign_in: SignIn
) -> None:
    task, doctor = prepare(), sign_in(alice_signs)
    panel = f"/pro/appointments/{appointment.pk}/"
    assert f"{LIST}{task.pk}/" in sign_in(bob).get(panel).content.decode()
    assert f"{LIST}{task.pk}/" not in sign_in(rita).get(panel).content.decode()
    look(doctor, task)
    assert doctor.post(f"{LIST}sign/", {"task": [str(task.pk)]}).status_code == 302
    history = sign_in(bob).get(f"{panel}history/").content.decode()
    assert "Document préparé pour la signature d’un praticien" in history
    assert "Document préparé, signé par le praticien" in history
    assert f"{LIST}{task.pk}/" not in sign_in(bob).get(panel).content.decode()


def test_deleting_the_appointment_names_what_is_lost(
    prepare: Prepare, appointment: Appointment, bob: User, sign_in: SignIn
) -> None:
    prepare()
    page = sign_in(bob).get(f"/pro/appointments/{appointment.pk}/delete/").content.decode()
    assert "Arrêt de travail" in page
    assert "à signer" in page


def test_others_do_not_find_it_and_only_the_named_practitioner_looks_signs_or_sends_back(
    prepare: Prepare, alice_signs: User, bob: User, rita: User, charlie: User, carol: User, sign_in: SignIn
) -> None:
    task = prepare()
    pages = [f"{LIST}{task.pk}/", f"{LIST}{task.pk}/change/", f"{LIST}{task.pk}/withdraw/"]
    for stranger in (rita, charlie):
        browser = sign_in(stranger)
        assert [browser.get(page).status_code for page in pages] == [404, 404, 404]
        assert browser.post(pages[2]).status_code == 404
        assert "Arrêt de travail" not in browser.get(LIST).content.decode()
    for other in (bob, carol, rita, charlie):
        browser = sign_in(other)
        assert browser.post(f"{LIST}{task.pk}/look/", {"mark": "x"}).status_code == 404
        assert browser.post(f"{LIST}{task.pk}/send-back/", {"sentence": "Non."}).status_code == 404
        browser.post(f"{LIST}sign/", {"task": [str(task.pk)]})
    assert (again(task).state, SharedDocument.objects.count()) == ("waiting", 0)
    assert sign_in(alice_signs).post(f"{LIST}sign/", {"task": ["nothing"]}).status_code == 302


def test_what_was_just_signed_can_be_undone_from_the_list(
    prepare: Prepare, alice_signs: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    browser, tasks = sign_in(alice_signs), [prepare(), prepare()]
    for task in tasks:
        look(browser, task)
    page = browser.post(f"{LIST}sign/", {"task": [str(task.pk) for task in tasks]}, follow=True).content.decode()
    buttons = re.findall(r'action="(/pro/acts/[^"]+/undo/)"', page)
    assert len(set(buttons)) == 2
    assert page.count("Annuler le partage<span") == 2
    other = sign_in(alice_signs)
    assert "data-undo-bar" not in other.get(LIST).content.decode()
    assert other.post(buttons[0]).status_code == 404
    shown = browser.post(buttons[0], follow=True)
    assert shown.redirect_chain[-1][0] == LIST
    assert "Il attend de nouveau votre signature." in shown.content.decode()
    assert Task.objects.filter(state=TaskState.WAITING).count() == SharedDocument.objects.count() == 1


def test_many_documents_are_listed_in_as_few_queries_as_few(
    prepare: Prepare, template: LibraryDocument, alice_signs: User, bob: User, carol: User, hugo: User,
    marie: Patient, book_for: BookFixture, sign_in: SignIn,
) -> None:  # fmt: skip
    """Of one appointment and of others, of bookers too, looked at and not; and what is said of each is the same."""
    secretary, doctor = sign_in(bob), sign_in(alice_signs)
    about = {"practice": marie.practice, "last_name": "Petit"}

    def queries(browser: Client, address: str) -> int:
        browser.get(address)
        cache.clear()  # of the numbers in the rail, which may end in between on a busy machine
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(address).status_code == 200
        return len(asked)

    def more(number: int) -> Task:
        child = Patient.objects.create(**about, first_name=f"Léo{number}", birth_date=timezone.localdate())
        mother = Patient.objects.create(**about, first_name=f"Ana{number}", birth_date=date(1940, 5, 6))
        first = prepare(book_for(child, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE))
        prepare(book_for(mother, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE))
        prepare()
        note_look(task=first, mark=mark_of(again(first)), by=alice_signs)
        written = write_document(
            practice=marie.practice,
            body=template.current.body,
            title=f"T{number}",
            category=template.category,
            by=carol,
        )
        keep_draft(appointment=first.appointment, version=written.current, typed={"blank_1": "x"}, by=bob)
        return first

    fill = f"/pro/appointments/{more(0).appointment_id}/fill/"
    pages = [(doctor, LIST), (secretary, LIST), (doctor, f"{LIST}{Task.objects.all()[0].pk}/"), (secretary, fill)]
    few = [queries(*page) for page in pages]
    for number in range(1, 4):
        more(number)
    assert [queries(*page) for page in pages] == few
    tasks = list(Task.objects.select_related(*PARTS))
    found = standings(tasks)
    assert {task.pk: (found[task.pk].obstacle, found[task.pk].was_looked_at) for task in tasks} == {
        task.pk: (obstacle(again(task)), was_looked_at(again(task))) for task in tasks
    }
    assert len({(one.obstacle, one.was_looked_at) for one in found.values()}) == 3


def test_the_grid_marks_what_waits_for_a_signature_and_what_was_sent_back(
    prepare: Prepare, appointment: Appointment, bob: User, rita: User, alice_signs: User, sign_in: SignIn
) -> None:
    day = f"/pro/?date={appointment.local_start.date().isoformat()}"

    def marks(user: User) -> list[tuple[str, str]]:
        page = one_line(sign_in(user).get(day).content)
        return re.findall(r'(\d) ?<span class="mark-words"> ?([^<]+?) ?</span>', page)

    assert marks(bob) == []
    prepare()
    back, signed = prepare(), prepare()
    send_back(task=back, sentence="Non.", by=alice_signs)
    Task.objects.filter(pk=signed.pk).update(state=TaskState.WITHDRAWN, settled_at=signed.prepared_at)
    assert marks(bob) == [("1", "document renvoyé sans signature"), ("1", "à signer")]
    assert marks(rita) == []
