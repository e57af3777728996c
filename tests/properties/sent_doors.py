"""Compares every way to what patients send, answer and sign with the model: pages, API, links."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.core.cache import cache
from django.test import Client

from documents.models import DocumentRequest, ReceivedDocument
from documents.sharing.accesses import accesses_to
from tests.properties.cast import ACCOUNTS, STAFF, Practices
from tests.properties.doors import Doors
from tests.properties.model import World
from tests.properties.sent_model import OPEN, WhatIsSent

UUID = r"([0-9a-f-]{36})"


class SentDoors(Doors):
    def __init__(self, cast: Practices, world: World, tokens: dict[str, str], sent: WhatIsSent) -> None:
        super().__init__(cast, world, tokens)
        self.sent = sent

    def compare_ways(self, records: list[str]) -> None:
        """Of accounts. Links that only ask are compared by `compare_asking_links`."""
        for record in records:
            listed = (way for way in map(self.way, accesses_to(self.cast.patient(record))) if way[0] != "link")
            assert Counter(listed) == Counter(way for way in self.world.ways(record) if way[0] != "link")

    def compare_states(self) -> None:
        requests = {str(one.pk): one.state for one in DocumentRequest.objects.all()}
        assert requests == {key: one.state for key, one in self.sent.requests.items()}
        files = {str(one.pk): (one.state, one.seen_at is not None) for one in ReceivedDocument.objects.all()}
        assert files == {key: (one.state, one.seen) for key, one in self.sent.files.items()}

    def look(self, name: str, turn: int) -> None:
        cache.clear()  # the calls of an account and of an address are limited
        if name in ACCOUNTS:
            self._account(name)
        self._staff(name, turn)
        self._one_of_each(name, turn)

    def _account(self, name: str) -> None:
        client, api = self.cast.clients[name], self.cast.apis[name]
        if name in self.world.gone:
            assert client.get("/requests/").status_code == 302
            assert api.get("/api/v1/me/requests/").status_code == 401
            assert api.get("/api/v1/me/received/").status_code == 401
            return
        found = self.sent.found(name)
        page = client.get("/requests/").content.decode()
        assert set(re.findall(rf'"/(?:requests|questionnaires)/{UUID}/"', page)) == found
        listed = {one["id"]: one for one in api.get("/api/v1/me/requests/").json()["results"]}
        assert listed.keys() == found
        for key, one in listed.items():
            rights = self.sent.rights(name, self.sent.requests[key].booking)
            assert rights is not None
            assert (one["label"] is not None) == rights.reads
            assert one["can_send"] == self.sent.may_send(name, key)
            assert one["can_answer"] == self.sent.may_answer(name, key)
            reads = self.sent.requests[key].questionnaire and (rights.reads or self.sent.seen_answers(name, key))
            assert (one["questionnaire"] is not None) == reads
            of_request = {file for file in self.sent.seen_files(name) if self.sent.files[file].request == key}
            assert {file["id"] for file in one["files"]} == of_request
        received = api.get("/api/v1/me/received/").json()["results"]
        assert {one["id"] for one in received} == self.sent.seen_files(name)
        for booking in sorted(self.world.bookings):
            unasked = self.sent.unasked(name, booking)
            shown = client.get(f"/my-appointments/{booking}/files/")
            is_there = unasked or self.sent.may_send_unasked(name, booking)
            assert shown.status_code == (200 if is_there else 404)
            assert set(re.findall(rf"/requests/sent/{UUID}/download/", shown.content.decode())) == unasked

    def _staff(self, name: str, turn: int) -> None:
        bookings = sorted(self.world.bookings)
        if not bookings or name in self.world.gone:
            return
        booking, api = bookings[turn % len(bookings)], self.cast.apis[name]
        requests = api.get(f"/api/v1/appointments/{booking}/requests/")
        received = api.get(f"/api/v1/appointments/{booking}/received/")
        panel = self.cast.clients[name].get("/pro/received/")
        if name not in STAFF:
            assert [requests.status_code, received.status_code] == [404, 404]
            if name == "charlie":
                assert not re.findall(rf"/pro/(?:received|answers)/{UUID}/", panel.content.decode())
            else:
                assert panel.status_code == 404
            return
        asked = {one["id"]: one["state"] for one in requests.json()["results"]}
        assert asked == {key: one.state for key, one in self.sent.requests.items() if one.booking == booking}
        files = {one["id"]: one["on_behalf_of"] is None for one in received.json()["results"]}
        of_booking = {key: one for key, one in self.sent.files.items() if one.booking == booking}
        assert files == {key: one.capacity == "patient" for key, one in of_booking.items()}
        waiting = {key for key, one in self.sent.files.items() if one.state == "received"}
        assert waiting <= set(re.findall(rf"/pro/received/{UUID}/", panel.content.decode()))

    def _one_of_each(self, name: str, turn: int) -> None:
        """An existing one is visible through every door, or through none."""
        client, api = self.cast.clients[name], self.cast.apis[name]
        if name in self.world.gone:
            return
        staff = 200 if name in STAFF else 404
        if key := one_of(self.sent.files, turn):
            seen = 200 if key in self.sent.seen_files(name) else 404
            assert api.get(f"/api/v1/me/received/{key}/").status_code == seen
            assert api.get(f"/api/v1/me/received/{key}/content/").status_code == seen
            assert client.post(f"/requests/sent/{key}/download/").status_code == seen
            assert api.get(f"/api/v1/received/{key}/").status_code == staff
            assert client.get(f"/pro/received/{key}/").status_code == staff
            if name not in STAFF:
                assert api.get(f"/api/v1/received/{key}/content/").status_code == 404
                assert client.post(f"/pro/received/{key}/download/").status_code == 404
                assert client.get(f"/pro/received/{key}/opened/1/").status_code == 404
        if key := one_of(self.sent.requests, turn):
            one, found = self.sent.requests[key], self.sent.finds(name, key)
            files, answers = (302, 200) if one.questionnaire else (200, 404)
            assert client.get(f"/requests/{key}/").status_code == (files if found else 404)
            assert client.get(f"/questionnaires/{key}/").status_code == (answers if found else 404)
            rights = self.sent.rights(name, one.booking) if found else None
            reads = rights is not None and (rights.reads or self.sent.seen_answers(name, key))
            response = api.get(f"/api/v1/me/requests/{key}/response/")
            assert response.status_code == (200 if one.questionnaire and reads else 404)
            assert api.get(f"/api/v1/requests/{key}/").status_code == staff
            answered = 200 if name in STAFF and one.answers else 404
            assert api.get(f"/api/v1/requests/{key}/response/").status_code == answered
            assert client.post(f"/pro/answers/{key}/json/").status_code == answered
        if key := one_of(self.sent.consents, turn):
            sees, state = key in self.world.sees(name), self.sent.consents[key].state
            mine = api.get(f"/api/v1/me/documents/{key}/sign/")
            assert mine.status_code == (200 if sees else 404)
            if sees:
                signs = state == "asked" and self.sent.signs_as(name, key) is not None
                assert (mine.json()["state"], bool(mine.json()["to_tick"])) == (state, signs)
            assert client.post(f"/documents/{key}/sign/begin/").status_code == (302 if sees else 404)
            assert api.get(f"/api/v1/documents/{key}/consent/").status_code == staff

    def compare_asking_links(self) -> None:
        """By their addresses alone."""
        client = Client()
        for key, token in self.tokens.items():
            expected = self.sent.asked_by_link(key)
            there = self.world.links[key].booking in self.world.bookings
            page = client.get(f"/d/{token}")
            assert page.status_code == (200 if expected else 410 if there else 404), key
            shown = set(re.findall(rf"/d/{re.escape(token)}/{UUID}", page.content.decode()))
            assert shown == {one for one in expected if self.sent.requests[one].state in OPEN}


def one_of(there: dict[str, Any], turn: int) -> str | None:
    return sorted(there)[turn % len(there)] if there else None
