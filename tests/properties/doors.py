"""Compares every way to a document with the model: pages, API, archive, links."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from typing import Any

from django.test import Client

from appointments.models import HolderAuthorisation
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.sending.links import documents_of, find_link, link_url
from documents.sharing.access import one_as_recipient, visible_as_recipient, visible_as_staff, visible_to
from documents.sharing.accesses import Access, AccessKind, accesses_to
from tests.properties.cast import ACCOUNTS, STAFF, Practices
from tests.properties.model import Way, World


def ids(found: Any) -> set[str]:
    return {str(pk) for pk in found.values_list("pk", flat=True)}


class Doors:
    """`tokens`: link -> the token in its message."""

    def __init__(self, cast: Practices, world: World, tokens: dict[str, str]) -> None:
        self.cast, self.world, self.tokens = cast, world, tokens
        self.names = {user.pk: name for name, user in cast.users.items()}

    # --- By queries: after every step -------------------------------------------------------------------------

    def compare_documents(self) -> None:
        shared = list(SharedDocument.objects.values_list("pk", flat=True))
        for name, user in self.cast.users.items():
            assert ids(visible_as_recipient(user)) == self.world.sees(name), name
            one_by_one = {str(pk) for pk in shared if one_as_recipient(user, pk)}
            assert one_by_one == self.world.sees(name), name

    def compare_links(self) -> None:
        for key, token in self.tokens.items():
            link = find_link(token)
            found = {str(one.shared_id) for one in documents_of(link)} if link else set()
            assert found == self.world.opens(key)

    def compare_ways(self, records: list[str]) -> None:
        for record in records:
            found = Counter(self.way(access) for access in accesses_to(self.cast.patient(record)))
            assert found == Counter(self.world.ways(record))

    def way(self, access: Access) -> Way:
        suspended = access.suspended is not None
        if isinstance(access.what, HolderAuthorisation):
            return "authorisation", str(access.what.appointment_id), suspended
        if access.kind in (AccessKind.ACCOUNT, AccessKind.HOLDER):
            assert access.account is not None
            return access.kind.value, self.names[access.account.pk], suspended
        return access.kind.value, str(access.what.pk), suspended

    # --- By every door: one of the cast in turn ---------------------------------------------------------------

    def look(self, name: str, turn: int) -> None:
        user = self.cast.users[name]
        staff = set(self.world.documents) if name in STAFF else set()
        assert ids(visible_as_staff(user)) == staff
        assert ids(visible_to(user)) == staff | self.world.sees(name)
        if name in ACCOUNTS:
            self._patients_doors(name)
        else:
            self._staff_doors(name)
        self._one_document(name, turn)

    def _patients_doors(self, name: str) -> None:
        client, api, expected = self.cast.clients[name], self.cast.apis[name], self.world.sees(name)
        page = client.get("/documents/")
        listed = api.get("/api/v1/me/documents/?page_size=200")
        archive = client.post("/documents/zip/")
        if name in self.world.gone:
            assert [page.status_code, listed.status_code, archive.status_code] == [302, 401, 302]
            return
        shown = set(re.findall(r"/documents/([0-9a-f-]{36})/open/", page.content.decode()))
        assert shown == expected
        assert {one["id"] for one in listed.json()["results"]} == expected
        if expected:
            content = archive.getvalue()
            assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == len(expected)
        else:
            assert archive.status_code == 302

    def _one_document(self, name: str, turn: int) -> None:
        """An existing document: visible through every door, or through none."""
        documents = sorted(self.world.documents)
        if not documents or name in self.world.gone:
            return
        pk = documents[turn % len(documents)]
        client, api = self.cast.clients[name], self.cast.apis[name]
        received = 200 if pk in self.world.sees(name) else 404
        staff = 200 if name in STAFF else 404
        assert client.get(f"/documents/{pk}/").status_code == received
        assert api.get(f"/api/v1/me/documents/{pk}/").status_code == received
        assert api.get(f"/api/v1/me/documents/{pk}/content/").status_code == received
        assert client.post(f"/documents/{pk}/download/").status_code == received
        assert client.post(f"/documents/{pk}/open/").status_code == (302 if received == 200 else 404)
        assert client.get(f"/documents/{pk}/pages/1/").status_code == received
        assert api.get(f"/api/v1/documents/{pk}/").status_code == staff
        assert api.get(f"/api/v1/documents/{pk}/content/").status_code == staff
        assert client.post(f"/pro/documents/{pk}/download/").status_code == staff

    def _staff_doors(self, name: str) -> None:
        client, api = self.cast.clients[name], self.cast.apis[name]
        for booking in sorted(self.world.bookings)[:2]:
            record = self.world.bookings[booking].record
            here = {key for key, one in self.world.documents.items() if one.booking == booking}
            listed = api.get(f"/api/v1/appointments/{booking}/documents/?page_size=200")
            recipient = api.get(f"/api/v1/appointments/{booking}/recipient/")
            history = api.get(f"/api/v1/appointments/{booking}/history/?page_size=200")
            ways = api.get(f"/api/v1/patients/{record}/accesses/")
            panel = client.get(f"/pro/appointments/{booking}/")
            if name not in STAFF:
                answers = [listed, recipient, history, ways, panel]
                assert {answer.status_code for answer in answers} == {404}
                continue
            assert {one["id"] for one in listed.json()["results"]} == here
            assert recipient.json()["state"] == self.world.state(booking)
            assert set(re.findall(r'data-document="([0-9a-f-]{36})"', panel.content.decode())) == here
            shared = {"document.shared", "auto_send.sent", "auto_send.sent_again"}
            assert sum(one["action"] in shared for one in history.json()["results"]) >= len(here)
            assert len(ways.json()["results"]) == len(self.world.ways(record))
            person = client.get(f"/pro/patients/{record}/").content.decode()
            of_record = [
                one for one in self.world.documents.values() if self.world.bookings[one.booking].record == record
            ]
            assert person.count("data-shared-document") == len(of_record)

    def follow_links(self) -> None:
        """Opens links without an account, by address alone."""
        client = Client()
        for key, token in self.tokens.items():
            expected = self.world.opens(key)
            there = self.world.links[key].booking in self.world.bookings
            page = client.get(f"/d/{token}")
            assert page.status_code == (200 if expected else 410 if there else 404)
            shown = {int(rank) for rank in re.findall(rf"/d/{re.escape(token)}/(\d+)", page.content.decode())}
            ranks = dict(AutoSend.objects.filter(link__in=[key]).values_list("rank", "shared"))
            assert {str(ranks[rank]) for rank in shown} == expected
            for rank, shared in ranks.items():
                answer = client.post(f"/d/{token}/{rank}")
                assert answer.status_code == (200 if str(shared) in expected else 410)

    @staticmethod
    def tokens_of(link: DocumentLink) -> tuple[str, str]:
        """In the form of an email, and of an SMS."""
        long, short = (link_url(link, short=one).rsplit("/", 1)[1] for one in (False, True))
        return long, short

    @staticmethod
    def document(pk: str) -> SharedDocument:
        related = (
            "appointment__practice",
            "appointment__patient__practice",
            "appointment__holder",
            "library_version",
        )
        return SharedDocument.objects.select_related(*related).get(pk=pk)
