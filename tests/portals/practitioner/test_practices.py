"""Members of several practices work in one at a time, chosen in the rail, with their roles there.

Carol administers Les Lilas and is a secretary at Le Port; `both` administers the two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.instructions import save_instruction
from appointments.models import Agenda, Appointment, Instruction, ReminderPolicy, VisitReason
from documents.library.catalogue import import_document
from documents.models import AutoSendRule, Category, LibraryDocument
from documents.models.autosend import Moment
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from files.intake import accept
from notifications.models import Message, MessageState
from patients.models import Patient
from practices.models import Membership, Practice
from tests.conftest import make_user
from tests.days import coming
from tests.documents.conftest import PDF
from tests.markup import one_line, page_text
from webhooks.endpoints import add_endpoint
from webhooks.models import WebhookEndpoint

SignIn = Callable[[User], Client]
SECRET = "Du Port seulement"
ADMINISTRATION = (
    "rules/",
    "rules/new/",
    "settings/",
    "settings/identity/",
    "settings/messages/",
    "settings/online/",
    "settings/agendas/",
    "settings/agendas/new/",
    "settings/visit-reasons/",
    "settings/visit-reasons/new/",
    "settings/visit-reasons/ready-made/",
    "settings/instructions/",
    "settings/instructions/new/",
    "settings/certificate/",
    "webhooks/",
)
READ_ONLY = {
    *("rules/", "webhooks/", "settings/", "settings/agendas/", "settings/visit-reasons/", "settings/instructions/"),
}
TIMES = {"email_hours": "5", "sms_hours": "", "quiet_from": "20:30", "quiet_until": "08:00"}


@pytest.fixture
def secretary_there(carol: User, other_practice: Practice) -> User:
    Membership.objects.create(user=carol, practice=other_practice, is_secretary=True)
    return carol


@pytest.fixture
def both(practice: Practice, other_practice: Practice) -> User:
    user = make_user("claude@lilas.example", "Claude", "Double")
    for one in (practice, other_practice):
        Membership.objects.create(user=user, practice=one, is_admin=True)
    return user


@pytest.fixture
def theirs(other_practice: Practice, charlie: User) -> dict[str, Any]:
    """One of everything at Le Port, each with a unique word."""
    agenda = Agenda.objects.create(practice=other_practice, name=f"Agenda {SECRET}", practitioner=charlie)
    reason = VisitReason.objects.create(practice=other_practice, name=f"Motif {SECRET}", duration_minutes=20)
    reason.agendas.add(agenda)
    patient = Patient.objects.create(
        practice=other_practice, first_name="Sophie", last_name=f"Leroy {SECRET}", birth_date=date(1980, 5, 6),
        email="sophie.leroy@courriel.example", mobile="+33611111111",
    )  # fmt: skip
    library = import_document(
        practice=other_practice,
        intake=accept(SimpleUploadedFile("plan.pdf", PDF, "application/pdf")),
        title=f"Plan {SECRET}",
        category=Category.objects.get(code="information"),
        by=charlie,
    )
    content = RuleContent(
        name=f"Règle {SECRET}", documents=[library], visit_reasons=[], agendas=[], moment=Moment.BOOKING,
        offset_hours=0, channels=["email"], active=False,
    )  # fmt: skip
    rule = save_rule(practice=other_practice, content=content, by=charlie, rule=None, to_booked=False)
    instruction = save_instruction(
        practice=other_practice, text=f"Consigne {SECRET}", visit_reasons=[], agendas=[], in_messages=True, by=charlie
    )
    webhook = add_endpoint(
        practice=other_practice, url="https://port.example/", events=["document.shared"], by=charlie
    )
    appointment = book(agenda=agenda, visit_reason=reason, patient=patient, starts_at=timezone.now(), by=charlie)
    shared = share_library_document(appointment=appointment, library_document=library, by=charlie)
    Message.objects.update(state=MessageState.FAILED)
    return {
        "appointment": appointment, "library": library, "rule": rule, "instruction": instruction, "patient": patient,
        "webhook": webhook, "shared": shared, "agenda": agenda, "reason": reason,
    }  # fmt: skip


def work_in(browser: Client, practice: Practice, **more: str) -> Any:
    return browser.post("/pro/practice/", {"practice": str(practice.pk), **more})


def page_of(browser: Client, path: str) -> str:
    return page_text(browser.get(f"/pro/{path}"))


def test_whoever_is_in_one_practice_has_nothing_to_choose(sign_in: SignIn, carol: User) -> None:
    assert "/pro/practice/" not in page_of(sign_in(carol), "")


def test_the_choice_holds_on_every_page_and_nothing_of_the_other_shows(
    sign_in: SignIn, both: User, practice: Practice, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    browser = sign_in(both)
    pages: tuple[str, ...] = (
        "",
        "?view=week",
        "patients/?q=sophie",
        "library/",
        "deliveries/",
        "deliveries/?show=all",
    )
    pages += ("appointments/new/", "library/write/", *ADMINISTRATION)
    marks = {"": SECRET, "?view=week": SECRET, "settings/certificate/": "", "webhooks/": "port.example",
             "settings/": "Port", "settings/identity/": "Port", "settings/messages/": "Port", "settings/online/": "",
             "settings/agendas/new/": "", "settings/visit-reasons/ready-made/": "",
             "settings/instructions/new/": SECRET, "library/write/": "", "rules/new/": SECRET}  # fmt: skip
    for path in pages:
        there = page_of(browser, path)
        assert SECRET not in there, path
        assert "port.example" not in there, path
        assert f"<strong>{practice.name}</strong>" in there, path
    assert "à traiter" not in page_of(browser, "")  # the count of open items
    work_in(browser, other_practice)
    for path in pages:
        there = page_of(browser, path)
        assert marks.get(path, SECRET) in there, path
        assert f"<strong>{other_practice.name}</strong>" in there, path
    assert "à traiter" in page_of(browser, "")


def test_the_choice_leads_to_the_same_place_where_one_may_go(
    sign_in: SignIn, secretary_there: User, both: User, other_practice: Practice, practice: Practice
) -> None:
    for section, path in (("library", "/pro/library/"), ("rules", "/pro/"), ("settings", "/pro/"), ("x", "/pro/")):
        assert work_in(sign_in(secretary_there), other_practice, section=section)["Location"] == path
    assert work_in(sign_in(both), other_practice, section="rules")["Location"] == "/pro/rules/"


def test_the_way_back_is_a_page_of_ours(
    sign_in: SignIn, both: User, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    browser, page = sign_in(both), f"/pro/appointments/{theirs['appointment'].pk}/"
    assert work_in(browser, other_practice, back=page)["Location"] == page
    elsewhere = ("//evil.example/", "https://evil.example" + page, "/\\evil.example", "javascript:alert(1)")
    not_of_one_thing = (
        "/account/logout/",
        "/pro/",
        f"/{page}",
        f"{page}?next=//evil",
        f"/account/login/?next={page}",
    )
    for back in elsewhere + not_of_one_thing:
        assert work_in(browser, other_practice, back=back)["Location"] == "/pro/", back


def test_only_a_practice_of_ones_own_can_be_chosen(
    sign_in: SignIn, carol: User, hugo: User, practice: Practice, other_practice: Practice
) -> None:
    browser = sign_in(carol)
    for chosen in (str(other_practice.pk), "", "nothing", "00000000-0000-4000-8000-000000000000"):
        assert browser.post("/pro/practice/", {"practice": chosen}).status_code == 404, chosen
    assert browser.get("/pro/practice/").status_code == 405
    assert str(practice.pk) in page_of(browser, "rules/new/")
    assert work_in(sign_in(hugo), practice).status_code == 404


def test_an_administrator_here_is_none_there(
    sign_in: SignIn, secretary_there: User, practice: Practice, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    """By choosing, by a form of another practice, and by the address of each object."""
    browser = sign_in(secretary_there)
    for path in ADMINISTRATION:
        assert browser.get(f"/pro/{path}").status_code == 200, path
    posted = {"practice": str(other_practice.pk), "text": "x", "name": "x", "url": "https://x.example/", **TIMES}
    for chosen in (practice, other_practice):
        work_in(browser, chosen)
        settings = ("settings/unread/", "settings/name/", "settings/certificate/remove/")
        for path in (*ADMINISTRATION, "rules/effect/", *settings):
            reads_only = path in READ_ONLY
            assert browser.post(f"/pro/{path}", posted).status_code == (405 if reads_only else 404), (chosen, path)
        for path in ("library/", "library/write/", "library/preview/"):
            assert browser.post(f"/pro/{path}", posted).status_code == 403, (chosen, path)
        rule, instruction = f"rules/{theirs['rule'].pk}/", f"settings/instructions/{theirs['instruction'].pk}/"
        for path in (rule, f"{rule}switch/", f"{rule}effect/", f"{rule}delete/", instruction, f"{instruction}delete/",
                     f"webhooks/{theirs['webhook'].pk}/remove/"):  # fmt: skip
            answer = browser.post(f"/pro/{path}", posted | {"active": "1"})
            assert answer.status_code == 404, (chosen, path)
        for path in (rule, f"{rule}delete/", instruction):
            assert browser.get(f"/pro/{path}").status_code == 404, (chosen, path)
        for path in ("write/", "archive/", "unarchive/"):
            assert browser.post(f"/pro/library/{theirs['library'].pk}/{path}", posted).status_code == 403
    for path in ADMINISTRATION:
        assert browser.get(f"/pro/{path}").status_code == 404, path
    page = page_of(browser, "library/")
    assert "data-import" not in page
    assert "/pro/rules/" not in page
    assert (AutoSendRule.objects.get().name, Instruction.objects.get().text) == (
        f"Règle {SECRET}",
        f"Consigne {SECRET}",
    )
    assert not AutoSendRule.objects.filter(is_active=True).exists()
    assert LibraryDocument.objects.in_use().count() == WebhookEndpoint.objects.count() == 1
    assert not ReminderPolicy.objects.exists()


def test_a_form_does_what_its_page_showed_though_another_tab_went_elsewhere(
    sign_in: SignIn, both: User, practice: Practice, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    browser = sign_in(both)
    shown = {"practice": str(practice.pk)}
    work_in(browser, other_practice)
    browser.post("/pro/settings/messages/", shown | TIMES)
    assert ReminderPolicy.objects.get().practice == practice
    browser.post("/pro/library/write/", shown | {"title": "Ici", "category": "information", "body": "<p>x</p>"})
    assert LibraryDocument.objects.get(title="Ici").practice == practice
    browser.post("/pro/settings/instructions/new/", shown | {"text": "Ici"})
    assert Instruction.objects.get(text="Ici").practice == practice
    file = SimpleUploadedFile("venue.pdf", PDF, "application/pdf")
    browser.post("/pro/library/", shown | {"files": file, "category": "information"})
    assert LibraryDocument.objects.get(title="Venue").practice == practice
    refused = browser.post("/pro/settings/messages/", shown | TIMES | {"email_hours": "deux"}).content.decode()
    assert f'name="practice" value="{practice.pk}"' in one_line(refused)


def test_each_form_says_which_practice_it_is_for(sign_in: SignIn, both: User, practice: Practice) -> None:
    browser = sign_in(both)
    for path in ("appointments/new/", "library/", "library/write/", *ADMINISTRATION):
        page = page_of(browser, path)
        forms = page.count('method="post"') - 2  # of the rail: the choice itself, and signing out
        assert one_line(page).count(f'name="practice" value="{practice.pk}"') == forms, path


def test_what_has_a_practice_of_its_own_is_worked_on_in_that_one(
    sign_in: SignIn, both: User, practice: Practice, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    """Its page says that it belongs to the other practice, and offers to switch; its forms still work."""
    browser = sign_in(both)
    for path in (
        f"appointments/{theirs['appointment'].pk}/",
        f"appointments/{theirs['appointment'].pk}/move/",
        f"appointments/{theirs['appointment'].pk}/share/",
        f"appointments/{theirs['appointment'].pk}/history/",
        f"appointments/{theirs['appointment'].pk}/delete/",
        f"patients/{theirs['patient'].pk}/",
        f"documents/{theirs['shared'].pk}/correct/",
        f"library/{theirs['library'].pk}/",
        f"library/{theirs['library'].pk}/archive/",
        f"rules/{theirs['rule'].pk}/",
        f"rules/{theirs['rule'].pk}/delete/",
        f"settings/instructions/{theirs['instruction'].pk}/",
    ):
        page = page_of(browser, path)
        assert SECRET in page or "Sophie" in page, path
        assert "Travailler dans Centre du Port" in page, path
        assert f'name="back" value="/pro/{path}"' in one_line(page), path
        assert "day-column" not in page  # no agenda of one beside an appointment of the other
    browser.post(f"/pro/rules/{theirs['rule'].pk}/switch/", {"active": "1"})
    assert AutoSendRule.objects.get().is_active
    browser.post(f"/pro/settings/instructions/{theirs['instruction'].pk}/", {"text": "Autre"})
    assert Instruction.objects.get().practice == other_practice
    browser.post(f"/pro/appointments/{theirs['appointment'].pk}/cancel/")
    assert Appointment.objects.get().status == "cancelled"
    work_in(browser, other_practice)
    page = page_of(browser, f"appointments/{theirs['appointment'].pk}/")
    assert "Cette page concerne" not in page
    assert "day-column" in page


def test_an_appointment_is_booked_where_one_works(
    sign_in: SignIn, both: User, practice: Practice, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    browser = sign_in(both)
    asked = {
        "agenda": str(theirs["agenda"].pk), "visit_reason": str(theirs["reason"].pk), "kind": "in_person",
        "patient": str(theirs["patient"].pk), "starts_at": f"{coming(2, practice)}T09:00",
    }  # fmt: skip
    assert browser.post("/pro/appointments/new/", asked).status_code == 400
    assert browser.post("/pro/appointments/new/", asked | {"practice": str(practice.pk)}).status_code == 400
    for chosen, found in ((practice, False), (other_practice, True)):
        search = {"search": "1", "q": "sophie", "practice": str(chosen.pk)}
        assert (SECRET in browser.post("/pro/appointments/new/", search).content.decode()) is found
    page = page_of(
        browser, f"appointments/new/?patient={theirs['patient'].pk}"
    )  # from the page of a record of theirs
    assert SECRET in page
    assert f'name="practice" value="{other_practice.pk}"' in one_line(page)
    assert "Travailler dans Centre du Port" in page
    made = browser.post("/pro/appointments/new/", asked | {"practice": str(other_practice.pk)})
    assert made.status_code == 302
    assert Appointment.objects.latest("created_at").practice == other_practice


def test_whoever_leaves_the_chosen_practice_is_back_in_the_first(
    sign_in: SignIn, both: User, practice: Practice, other_practice: Practice, theirs: dict[str, Any]
) -> None:
    browser = sign_in(both)
    work_in(browser, other_practice)
    assert SECRET in page_of(browser, "rules/")
    Membership.objects.filter(user=both, practice=other_practice).delete()
    page = page_of(browser, "rules/")
    assert SECRET not in page
    assert "/pro/practice/" not in page
    assert browser.post("/pro/settings/messages/", TIMES | {"practice": str(other_practice.pk)}).status_code == 404
    assert browser.get(f"/pro/appointments/{theirs['appointment'].pk}/").status_code == 404
    browser.post("/pro/settings/messages/", TIMES)
    assert ReminderPolicy.objects.get().practice == practice


def test_a_role_that_ended_there_ends_its_pages_though_one_stays(
    sign_in: SignIn, both: User, other_practice: Practice
) -> None:
    browser = sign_in(both)
    work_in(browser, other_practice)
    assert browser.get("/pro/rules/").status_code == 200
    Membership.objects.filter(user=both, practice=other_practice).update(is_admin=False, is_reader=True)
    for path in ADMINISTRATION:
        assert browser.get(f"/pro/{path}").status_code == 404, path


def test_the_choice_of_one_is_not_the_next_ones(
    sign_in: SignIn, both: User, practice: Practice, other_practice: Practice
) -> None:
    """Signing out ends the session with the choice."""
    browser = sign_in(both)
    work_in(browser, other_practice)
    browser.post("/account/logout/")
    assert "practice" not in browser.session
