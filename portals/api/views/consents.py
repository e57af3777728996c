"""The patient's signature under a shared document: asked for by staff; given, refused and withdrawn by patients."""

from __future__ import annotations

import uuid
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from documents.consents.access import all_consents, consents_seen_by, signer_of
from documents.consents.asking import ask
from documents.consents.drafts import check_signer, fill_in, note_pages_read, sentences_for
from documents.consents.ending import refuse, withdraw
from documents.consents.forms import Asked
from documents.consents.proving import begin_by_sms, live_challenge, pass_by_code
from documents.consents.signing import ProofOver, sign
from documents.models import Consent, Means, ReadingMeans, SharedDocument
from documents.sharing.access import visible_as_staff
from documents.sharing.reading import note_reading
from documents.sharing.uploads import check_may_share
from portals.api.schema import answers
from portals.api.serializers.consents import ConsentIn, ConsentOut, SignIn, SigningOut, WhyIn
from portals.api.views.base import ApiView, StaffView, need_scope, read

PARTS = ("appointment__practice", "appointment__patient__practice", "file", "practice")


class DocumentConsent(StaffView):
    def _get(self, pk: uuid.UUID) -> SharedDocument:
        return get_object_or_404(visible_as_staff(self.user).select_related(*PARTS), pk=pk)

    def makes(self) -> None:
        """No object of the call's own: a document has one consent, and asking for what is asked changes nothing."""
        check_may_share(self._get(self.kwargs["pk"]).appointment, self.user)

    @answers(200, ConsentOut, summary="Read what became of the signature that a document asks for")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        found = get_object_or_404(all_consents(), document=self._get(pk))
        return Response(ConsentOut(found).data)

    @answers(
        201,
        ConsentOut,
        request=ConsentIn,
        summary="Ask for the patient's signature",
        refusals=["not_to_be_signed"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        asked = Asked(**read(ConsentIn(data=request.data)))
        made = ask(document=self._get(pk), asked=asked, by=self.user)
        return Response(ConsentOut(all_consents().get(pk=made.pk)).data, status=201)


class OfMine(ApiView):
    def _get(self, pk: uuid.UUID) -> Consent:
        return get_object_or_404(consents_seen_by(self.user), document=pk)

    def makes(self) -> None:
        need_scope(self.request, Scope.SIGN)
        self._get(self.kwargs["pk"])

    def answer(self, pk: uuid.UUID) -> Response:
        consent = self._get(pk)
        signer = signer_of(self.user, consent) if consent.is_open else None
        challenge = live_challenge(consent, self.user, Means.SMS)
        consent.to_tick = sentences_for(consent, signer) if signer else []  # type: ignore[attr-defined]  # shown only
        consent.code_sent_until = challenge.expires_at if challenge else None  # type: ignore[attr-defined]
        return Response(SigningOut(consent).data)


class MySignature(OfMine):
    @answers(200, SigningOut, summary="Read what a document asks you to sign")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return self.answer(pk)

    @answers(
        200,
        SigningOut,
        request=SignIn,
        summary="Sign a document that you have read, or first have a code sent to your mobile",
        refusals=[
            *("consent_over", "may_not_sign", "pages_unread", "sentences_unticked", "no_mobile", "wrong_code"),
            *("proof_over", "too_many_codes", "key_not_opened", "unreadable", "unverified", "too_complex"),
            *("no_time_stamp", "no_validation_material", "docmdp", "letters_missing", "key_unavailable"),
        ],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        given = read(SignIn(data=request.data))
        consent = self._get(pk)
        if given["code"]:
            self._sign(consent, given["code"])
        else:
            self._prepare(consent, given)
        return self.answer(pk)

    def _prepare(self, consent: Consent, given: dict[str, Any]) -> None:
        check_signer(consent, self.user)
        note_reading(documents=[consent.document], by=self.user, means=ReadingMeans.VIEWED, as_recipient=True)
        note_pages_read(consent=consent, pages=given["pages"], by=self.user)
        fill_in(consent=consent, ticked=given["sentences"], name=given["name"], drawn=None, by=self.user)
        begin_by_sms(consent=consent, by=self.user)

    def _sign(self, consent: Consent, code: str) -> None:
        check_signer(consent, self.user)
        challenge = live_challenge(consent, self.user, Means.SMS)
        if challenge is None:
            raise ProofOver
        pass_by_code(challenge=challenge, digits=code, by=self.user)
        sign(consent=consent, challenge=challenge, by=self.user)


class MyRefusal(OfMine):
    @answers(
        200,
        SigningOut,
        request=WhyIn,
        summary="Refuse to sign a document",
        refusals=["consent_over", "may_not_sign"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        refuse(consent=self._get(pk), sentence=read(WhyIn(data=request.data))["detail"], by=self.user)
        return self.answer(pk)


class MyWithdrawal(OfMine):
    @answers(
        200,
        SigningOut,
        request=WhyIn,
        summary="Withdraw your consent; the signed document stays",
        refusals=["consent_over", "may_not_sign"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        withdraw(consent=self._get(pk), sentence=read(WhyIn(data=request.data))["detail"], by=self.user)
        return self.answer(pk)
