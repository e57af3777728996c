"""Role × object × verb: every address of staff, asked for with a body that works, by everybody who might ask."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.models import Membership, Practice, Role, User
from appointments.models import Agenda, Appointment, VisitReason
from docshare.demo.paper import signature
from documents.files.intake import Intake
from documents.library import import_document
from documents.models import AutoSend, Category, LibraryDocument, SharedDocument
from documents.signatures import set_signature_image
from patients.models import Patient
from tests.security.addresses import address, kind_of, routes
from tests.security.deeds import ADMIN, DEEDS, READ, SHARE, SIGN, VERBS, Deed, do, is_staffs
from tests.security.test_addresses import PUBLIC, comparable, rows

SignIn = Callable[[User], Client]
HAVE = {
    "alice_signs": {READ, SHARE, SIGN},
    "bob": {READ, SHARE},
    "carol": {READ, SHARE, ADMIN},
    "rita": {READ},
}
# Where the objects are such that the deed has nothing to do: still not refused.
NOTHING_TO_DO = {409}


def test_case_3_every_verb_of_every_address_of_staff_has_its_line_in_the_matrix(alice: User, sign_in: SignIn) -> None:
    """A new address, or a new verb of an old one, fails here until it says which role it needs."""
    Membership.objects.update(is_practitioner=True, is_secretary=True, is_admin=True)
    client, missing = sign_in(alice), {"library": uuid.uuid4(), "rule": uuid.uuid4(), "sending": uuid.uuid4()}
    missing |= {kind: uuid.uuid4() for kind in ("document", "appointment", "patient", "agenda", "practice", "reason")}
    answered = {
        (verb, route)
        for verb, route in product(VERBS, filter(is_staffs, routes()))
        if getattr(client, verb)(address(route, missing)).status_code != 405
    }
    assert answered == set(DEEDS)


@pytest.mark.parametrize("who", HAVE)
def test_case_3_each_role_does_what_it_may_and_gets_403_for_the_rest(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(request.getfixturevalue(who))
    before = rows()
    wrong = []
    for (verb, route), deed in DEEDS.items():
        may = deed.needs in HAVE[who]
        with transaction.atomic():
            answer = do(client, verb, route, ids)
            ok = answer.status_code < 400 or answer.status_code in NOTHING_TO_DO
            if not (ok if may else answer.status_code == deed.refusal):
                wrong.append((verb, route, answer.status_code, "may" if may else "may not"))
            answer.close()
            transaction.set_rollback(may)
    assert wrong == []
    assert rows() == before


@pytest.mark.parametrize("who", ["charlie", "holder", "nobody"])
def test_case_3_to_others_every_object_of_the_practice_is_missing(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    """The practitioner and administrator of another practice, a patient of somebody else's, and nobody."""
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    before = rows()
    wrong = []
    for (verb, route), _deed in DEEDS.items():
        code = do(client, verb, route, ids).status_code
        ours = "<uuid:pk>" in route
        if who == "nobody":
            expected = [401] if route.startswith("api/") else [302]
        elif who == "holder" or ours:
            expected = [404]
        elif verb == "get":  # their own list
            expected = [200, 404]
        else:  # bodies that name our practice, agenda, patient
            expected = [200, 302, 400, 404]
        if code not in expected:
            wrong.append((verb, route, code))
    after = rows()
    changed = {table for table in after if after[table] != before[table]}
    assert wrong == []
    # What Charlie may do without naming anything of ours: a document of their own library, their own signature.
    own = {"documents_librarydocument", "documents_libraryversion", "documents_storedfile", "audit_auditevent"}
    own |= {"documents_signatureimage", "documents_signingcredential", "documents_installationauthority"}
    assert changed <= (own if who == "charlie" else set())
    assert Practice.objects.get(pk=ids["practice"]).library_documents.count() == 1


OWNED = ("document", "appointment", "patient", "library", "relative", "rule", "sending")


@pytest.mark.parametrize("who", ["charlie", "holder"])
@pytest.mark.parametrize("kind", OWNED)
def test_case_1_and_8_2_2_another_persons_object_is_alike_to_a_missing_one_at_every_address(
    kind: str, who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client, missing = sign_in(request.getfixturevalue(who)), uuid.uuid4()
    walked = [route for route in routes() if "<uuid:pk>" in route and kind_of(route) == kind and route not in PUBLIC]
    assert walked
    before = rows()
    for verb, route in product(VERBS, walked):
        deed = DEEDS.get((verb, route), Deed(READ))
        there, nowhere = (do(client, verb, route, ids | {kind: pk}, deed) for pk in (ids[kind], missing))
        assert there.status_code in (404, 405), (verb, route)
        assert there.status_code == nowhere.status_code, (verb, route)
        assert comparable(there.content, ids[kind], missing) == comparable(nowhere.content, ids[kind], missing)
        alike = {name: value for name, value in there.headers.items() if name not in ("Content-Length", "Expires")}
        assert alike == {name: nowhere.headers[name] for name in alike}, (verb, route)
    assert rows() == before


def test_case_1_a_document_is_missing_to_the_patients_own_address_for_staff_and_to_staffs_for_the_patient(
    ids: dict[str, Any], sign_in: SignIn, marias_account: User, alice: User
) -> None:
    """Each door opens for its own: staff read as staff, and what staff do is not there for the patient."""
    own = ("documents/", "api/v1/me/documents/")
    for route in (route for route in routes() if kind_of(route) == "document" and "<" in route):
        for verb in VERBS:
            theirs = sign_in(alice if route.startswith(own) else marias_account)
            assert getattr(theirs, verb)(address(route, ids)).status_code in (404, 405), (verb, route)


# --- A child under another parent ----------------------------------------------------------------------------


@pytest.fixture
def both(charlie: User, practice: Practice) -> User:
    """Charlie works in both practices, so that every object here and there is visible."""
    Membership.objects.create(user=charlie, practice=practice, is_practitioner=True, is_secretary=True, is_admin=True)
    return charlie


@pytest.fixture
def there(
    other_practice: Practice, stranger: Patient, charlie: User, receive: Callable[..., Intake]
) -> dict[str, Any]:
    """Objects of the other practice."""
    agenda = Agenda.objects.create(practice=other_practice, name="Dr Noir", practitioner=charlie)
    reason = VisitReason.objects.create(practice=other_practice, name="Bilan", duration_minutes=30)
    reason.agendas.add(agenda)
    document = import_document(
        practice=other_practice,
        intake=receive(name="port.pdf"),
        title="Plan du port",
        category=Category.objects.get(code="information"),
        by=charlie,
    )
    return {
        "agenda": str(agenda.pk),
        "reason": str(reason.pk),
        "patient": str(stranger.pk),
        "library": str(document.pk),
        "practice": str(other_practice.pk),
    }


def mixed(ids: dict[str, Any], there: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Each deed whose body names things, with one of them of the other practice."""
    named = {"agenda": "agenda", "visit_reason": "reason", "patient": "patient"}
    found: list[tuple[str, str, dict[str, Any]]] = []
    for route in ("pro/appointments/new/", "api/v1/appointments/"):
        body = DEEDS["post", route].body(ids)
        found += [("post", route, body | {field: there[kind]}) for field, kind in named.items()]
    for field, kind in (("agenda", "agenda"), ("visit_reason", "reason")):
        move = DEEDS["post", "pro/appointments/<uuid:pk>/move/"].body(ids)
        found.append(("post", "pro/appointments/<uuid:pk>/move/", move | {field: there[kind]}))
        found.append(("patch", "api/v1/appointments/<uuid:pk>/", {field: there[kind]}))
    for verb, route in (("post", "pro/rules/<uuid:pk>/"), ("patch", "api/v1/auto-send-rules/<uuid:pk>/")):
        body = DEEDS["post", "pro/rules/new/"].body(ids)
        for field, kind in (("documents", "library"), ("visit_reasons", "reason"), ("agendas", "agenda")):
            found.append((verb, route, body | {field: [there[kind]]}))
    for route in ("pro/appointments/<uuid:pk>/share/", "api/v1/appointments/<uuid:pk>/documents/"):
        found.append(("post", route, {"library_document": there["library"]}))
    return found


@pytest.mark.parametrize("who", ["both", "alice", "carol"])
def test_case_4_a_child_of_another_practice_is_refused_and_nothing_changes(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], there: dict[str, Any], sign_in: SignIn
) -> None:
    """Also for somebody who works in both and may see each of the two."""
    client = sign_in(request.getfixturevalue(who))
    before = rows()
    for verb, route, body in mixed(ids, there):
        # A page that is shown again with its fault is a 200; those must say that nothing was done by doing nothing.
        answer = do(client, verb, route, ids, Deed(SHARE, lambda _ids, body=body: body))  # type: ignore[misc]
        assert answer.status_code in (200, 400, 403, 404), (verb, route, body, answer.status_code)
        assert rows() == before, (verb, route, body)


def test_case_4_an_agenda_and_a_reason_of_another_practice_are_no_slots(
    ids: dict[str, Any], there: dict[str, Any], sign_in: SignIn, holder: User
) -> None:
    client = sign_in(holder)
    before = rows()
    for agenda, reason in ((ids["agenda"], there["reason"]), (there["agenda"], ids["reason"])):
        for end in ("", "whom/?start=2031-05-06T10:00:00%2B02:00", "confirm/?start=2031-05-06T10:00:00%2B02:00"):
            page = f"/book/{agenda}/{reason}/in_person/{end}"
            assert client.get(page).status_code == 404
            assert client.post(page).status_code in (404, 405)
        slots = f"/api/v1/agendas/{agenda}/slots/?visit_reason={reason}&from=2031-05-06&to=2031-05-07"
        assert client.get(slots).status_code == 404
        body = {"agenda": str(agenda), "visit_reason": str(reason), "start": "2031-05-06T10:00:00+02:00"}
        assert client.post("/api/v1/bookings/", body, content_type="application/json").status_code == 400
    assert rows() == before


# --- Mass assignment -------------------------------------------------------------------------------------------

YES = [True, "true", "1"]


@pytest.fixture
def claims(there: dict[str, Any], charlie: User, stranger: Patient) -> dict[str, Any]:
    """Whatever a body might say to become more than it is."""
    return {
        **dict.fromkeys(("practice", "practice_id"), there["practice"]),
        **dict.fromkeys(("patient", "patient_id", "subject"), there["patient"]),
        **dict.fromkeys(
            ("holder", "holder_id", "owner", "user", "by", "actor", "shared_by", "signed_by", "booked_by"),
            str(charlie.pk),
        ),
        **dict.fromkeys(("id", "pk"), str(stranger.pk)),
        **dict.fromkeys(("created_at", "shared_at", "signed_at", "first_read_at", "read_at"), "2001-01-01T00:00:00Z"),
        "audience": "holder",
        "booked_for": "minor_relative",
        "status": "cancelled",
        "state": "sent",
    }


@pytest.mark.parametrize("yes", YES, ids=repr)
def test_case_5_a_documents_subject_owner_and_practice_in_the_body_are_ignored(
    yes: object, ids: dict[str, Any], claims: dict[str, Any], sign_in: SignIn, bob: User
) -> None:
    flags = dict.fromkeys(("is_signed", "signed", "was_repaired", "patient_was_minor"), yes)
    for route in ("api/v1/appointments/<uuid:pk>/documents/", "pro/appointments/<uuid:pk>/share/"):
        SharedDocument.objects.all().delete()
        body = {**claims, **flags, **DEEDS["post", route].body(ids)}
        answer = do(sign_in(bob), "post", route, ids, Deed(SHARE, lambda _ids, body=body: body, json=False))  # type: ignore[misc]
        assert answer.status_code in (201, 302)
        made = SharedDocument.objects.get()
        assert (made.appointment_id, made.patient_id) == (ids["appointment"], ids["patient"])
        assert (made.practice_id, made.shared_by) == (ids["practice"], bob)
        assert (made.audience, made.holder, made.authorisation) == ("patient", None, None)
        assert (made.is_signed, made.signed_by, made.first_read_at) == (False, None, None)
        assert made.shared_at.year > 2001
        assert not made.patient_was_minor


@pytest.mark.parametrize("yes", YES, ids=repr)
def test_case_5_a_record_goes_to_ones_own_practice_and_no_other(
    yes: object, ids: dict[str, Any], claims: dict[str, Any], there: dict[str, Any], sign_in: SignIn, bob: User
) -> None:
    client, before = sign_in(bob), Patient.objects.count()
    record = {"first_name": "Zoé", "last_name": "Petit", "birth_date": "1990-01-01"}
    asked = claims | record | {"is_active": yes, "ties": [str(bob.pk)]}
    post: Any = client.post("/api/v1/patients/", asked, content_type="application/json")
    assert post.status_code == 404  # the practice that was asked for is not there
    assert Patient.objects.count() == before
    del asked["practice"]
    post = client.post("/api/v1/patients/", asked, content_type="application/json")
    assert post.status_code == 201
    made = Patient.objects.get(pk=post.json()["id"])
    assert made.practice_id == ids["practice"]
    assert str(made.pk) != there["patient"]
    assert made.created_at.year > 2001
    patched = client.patch(f"/api/v1/patients/{made.pk}/", claims, content_type="application/json")
    assert patched.status_code == 200
    assert Patient.objects.get(pk=made.pk).practice_id == ids["practice"]
    assert Patient.objects.get(pk=there["patient"]).first_name == "Sophie"


def test_case_5_an_appointment_is_booked_by_whoever_books_it(
    ids: dict[str, Any], claims: dict[str, Any], sign_in: SignIn, bob: User
) -> None:
    client = sign_in(bob)
    asked = claims | DEEDS["post", "api/v1/appointments/"].body(ids)
    post: Any = client.post("/api/v1/appointments/", asked, content_type="application/json")
    assert post.status_code == 201
    made = Appointment.objects.get(pk=post.json()["id"])
    assert (made.practice_id, made.holder, made.status, made.booked_for) == (ids["practice"], None, "booked", "self")
    client.patch(f"/api/v1/appointments/{made.pk}/", claims, content_type="application/json")
    made.refresh_from_db()
    assert (made.practice_id, made.holder, made.status) == (ids["practice"], None, "booked")
    assert made.patient_id == ids["patient"]


def test_case_5_an_account_gives_itself_nothing(ids: dict[str, Any], sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    for yes in YES:
        claims = dict.fromkeys(("is_staff", "is_superuser", "is_active", "is_admin", "is_practitioner"), yes)
        claims |= {"mobile": "+33600000000", "email": "autre@courriel.example", "groups": "1", "password": "x" * 12}
        client.post("/my-account/", {"language": "en", **claims})
        holder.refresh_from_db()
        assert holder.language == "en"
        assert (holder.is_staff, holder.is_superuser) == (False, False)
        assert (holder.mobile, holder.email) == ("+33698765432", "hugo.martin@courriel.example")
    assert not Membership.objects.filter(user=holder).exists()


def test_case_5_a_rule_and_the_library_go_to_the_practice_one_administers(
    ids: dict[str, Any], there: dict[str, Any], sign_in: SignIn, carol: User
) -> None:
    client, before = sign_in(carol), rows()
    body = DEEDS["post", "api/v1/auto-send-rules/"].body(ids) | {"practice": there["practice"]}
    rule = client.post("/api/v1/auto-send-rules/", body, content_type="application/json")
    assert rule.status_code == 404
    library = client.post("/api/v1/library/", DEEDS["post", "api/v1/library/"].body(ids | there))
    assert library.status_code == 404
    assert rows() == before
    rule = client.patch(
        f"/api/v1/auto-send-rules/{ids['rule']}/",
        {"practice": there["practice"], "id": there["library"], "deleted_at": "2001-01-01T00:00:00Z"},
        content_type="application/json",
    )
    assert rule.status_code == 200
    assert rule.json()["practice"] == str(ids["practice"])
    assert AutoSend.objects.filter(rule_id=ids["rule"]).exists()


# --- Signatures -----------------------------------------------------------------------------------------------


def test_case_7_nobody_signs_with_the_signature_of_another(
    ids: dict[str, Any], sign_in: SignIn, alice: User, bob: User, carol: User, charlie: User, practice: Practice
) -> None:
    """A secretary, an administrator, a practitioner without an image of their own, and one with theirs."""
    Membership.objects.create(user=charlie, practice=practice, is_practitioner=True)
    page, api = (f"{start}/appointments/{ids['appointment']}/" for start in ("/pro", "/api/v1"))
    as_alice = dict.fromkeys(("user", "signer", "signed_by", "by", "shared_by", "credential"), str(alice.pk))
    before = SharedDocument.objects.count()

    def ask(user: User) -> list[int]:
        body = as_alice | {"category": "prescription", "sign": "1", "page": "1", "x": "0.5", "y": "0.5"}
        answers: list[Any] = []
        for path in (f"{page}share/", f"{api}documents/"):
            file = SimpleUploadedFile("ordonnance.pdf", DEEDS["post", API_DOCUMENTS].body(ids)["file"].read())
            answers.append(sign_in(user).post(path, {**body, "file": file}))
        return [answer.status_code for answer in answers]

    assert ask(bob) == [403, 403]
    assert ask(carol) == [403, 403]
    assert ask(charlie) == [400, 409]  # has no image yet
    assert SharedDocument.objects.count() == before
    upload = SimpleUploadedFile("signature.png", signature(5), "image/png")
    set_signature_image(user=charlie, upload=upload, by=charlie)
    assert ask(charlie) == [302, 201]
    made = SharedDocument.objects.order_by("-shared_at")[:2]
    assert {document.signed_by for document in made} == {charlie}
    assert all("Charlie Noir" in document.signatures[-1]["signer"] for document in made)


API_DOCUMENTS = "api/v1/appointments/<uuid:pk>/documents/"


def test_the_library_of_a_practice_one_left_is_missing_at_once(
    ids: dict[str, Any], sign_in: SignIn, carol: User
) -> None:
    """Case 22, object by object: the roles are read at every request."""
    client = sign_in(carol)
    assert client.get(f"/pro/library/{ids['library']}/content/").status_code == 200
    Membership.objects.filter(user=carol).delete()
    for (verb, route), _deed in DEEDS.items():
        assert do(client, verb, route, ids).status_code == 404, (verb, route)
    assert LibraryDocument.objects.in_use().filter(pk=ids["library"]).exists()
    assert not Membership.objects.held_by(carol, Role.ADMIN).exists()
