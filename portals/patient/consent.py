"""Signing a document: each page read, the sentences ticked, the name written, a code given. One question a page; what
is done stays done, on any device. Refusing, and withdrawing later."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.passkeys import ConfirmForm, ask_for_key, asked_for, has_passkey
from documents.consents.access import Signer, consents_seen_by, signer_of
from documents.consents.drafts import check_ready, draft_of, fill_in, note_pages_read, sentences_for, unread_pages
from documents.consents.ending import MAX_SENTENCE, refuse, withdraw
from documents.consents.proving import (
    KeyRefused,
    begin_by_passkey,
    begin_by_sms,
    live_challenge,
    note_passed,
    pass_by_code,
)
from documents.consents.signing import ProofOver, sign
from documents.models import Consent, ConsentDraft, ConsentState, Means, ReadingMeans
from documents.sharing.reading import note_reading
from files import preview
from portals.answers import done, not_done, refusals_shown
from portals.clock import set_clock
from portals.code_form import CodeForm
from portals.drawings import drawn_image
from portals.form_errors import refusals_in
from portals.page_pictures import TEXTS_AT_MOST, picture_mark
from portals.patient.documents import is_opened, open_in_session


class StatementForm(forms.Form):
    """`sentences`: each one is to be ticked."""

    sentences = forms.MultipleChoiceField(
        label=gettext_lazy("Cochez chaque phrase"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Cochez chaque phrase, ou refusez de signer au bas de cette page."),
            "invalid_choice": gettext_lazy("Cochez les phrases telles qu’elles sont affichées."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Votre prénom et votre nom"),
        error_messages={
            "required": gettext_lazy("Écrivez votre prénom et votre nom : ils figureront sur le document.")
        },
        max_length=300,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "name"}),
    )

    def __init__(self, *args: Any, sentences: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.MultipleChoiceField", self.fields["sentences"])
        field.choices = [(one, one) for one in sentences]


class WhyForm(forms.Form):
    detail = forms.CharField(
        label=gettext_lazy("Pourquoi"),
        required=False,
        help_text=gettext_lazy("Le cabinet lira cette phrase."),
        max_length=2 * MAX_SENTENCE,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )


@require_POST
def begin(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Opens the document, which counts as reading, and leads to the first step that is not done."""
    consent, signer = _to_sign(request, pk)
    if signer is None:
        return not_done("patient:document", pk=pk)
    note_reading(documents=[consent.document], by=signer.user, means=ReadingMeans.VIEWED, as_recipient=True)
    open_in_session(request, consent.document)
    return done(_next(consent, draft_of(consent, signer.user)))


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: uuid.UUID, number: int) -> HttpResponse:
    """One page to read; a POST confirms that it was read."""
    consent, signer = _to_sign(request, pk)
    count = consent.document.page_count or 1
    if not 1 <= number <= count:
        raise Http404
    if signer is None or not is_opened(request, consent.document):
        return not_done("patient:document", pk=pk)
    if request.method == "POST":
        with refusals_shown(request) as shown:
            draft = note_pages_read(consent=consent, pages=[number], by=signer.user)
            return done(_next(consent, draft))
        return shown.redirect("patient:document", pk=pk)
    texts = preview.page_texts(consent.document.file, pages=min(number, TEXTS_AT_MOST))
    context = {
        "document": consent.document,
        "number": number,
        "count": count,
        "text": texts[number - 1].strip() if number <= len(texts) else "",
        "mark": picture_mark(request, consent.document),
        "is_read": number in draft_of(consent, signer.user).pages,
        "section": "documents",
    }
    return render(request, "patient/consent/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The sentences to tick, and the name; a drawing where the browser runs scripts."""
    consent, signer = _to_sign(request, pk)
    if signer is None:
        return not_done("patient:document", pk=pk)
    draft = draft_of(consent, signer.user)
    if unread_pages(consent, draft):
        return not_done("patient:document", pk=pk)
    sentences = sentences_for(consent, signer)
    ticked = sentences if draft.ticked_at else []
    form = StatementForm(request.POST or None, sentences=sentences, initial={"name": draft.name, "sentences": ticked})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with refusals_in(form):
            fill_in(
                consent=consent,
                ticked=given["sentences"],
                name=given["name"],
                drawn=drawn_image(request),
                by=signer.user,
            )
            return done("patient:sign-proof", pk=pk)
    context = {**_context(consent, signer), "form": form, "drawn": bool(draft.drawn)}
    return render(request, "patient/consent/statement.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def proof(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Sends a code, then takes it: it signs."""
    consent, signer = _to_sign(request, pk)
    if signer is None:
        return not_done("patient:document", pk=pk)
    with refusals_shown(request) as shown:
        check_ready(consent, signer.user)
    if shown.refusal:
        return shown.redirect("patient:document", pk=pk)
    if request.method == "POST" and "passkey" in request.POST:
        return _ask_for_key(request, consent, signer)
    if request.method == "POST" and "credential" in request.POST:
        return _sign_by_key(request, consent, signer)
    challenge = live_challenge(consent, signer.user, Means.SMS)
    form = CodeForm(request.POST if request.method == "POST" and "sign" in request.POST else None)
    if request.method == "POST" and "send" in request.POST:
        with refusals_in(form):
            begin_by_sms(consent=consent, by=signer.user)
            return done("patient:sign-proof", pk=pk)
    elif request.method == "POST" and challenge is not None:
        if challenge.passed_at is not None:  # a try that failed after it: no other code is needed
            form.fields["code"].required = False
        if form.is_valid() and _signed(request, consent, form):
            return done("patient:document", pk=pk)
    elif request.method == "POST":
        with refusals_shown(request) as shown:
            raise ProofOver
        return shown.redirect("patient:sign-proof", pk=pk)
    context = {**_proof_context(consent, signer), "form": form, "challenge": challenge}
    return render(request, "patient/consent/proof.html", context, status=400 if form.errors else 200)


def _proof_context(consent: Consent, signer: Signer) -> dict[str, Any]:
    return {
        **_context(consent, signer),
        "draft": draft_of(consent, signer.user),
        "sentences": sentences_for(consent, signer),
        "has_passkey": has_passkey(signer.user),
    }


def _ask_for_key(request: HttpRequest, consent: Consent, signer: Signer) -> HttpResponse:
    """The page on which the browser asks for the passkey. It is the answer to a POST: a GET begins no proof."""
    with refusals_shown(request) as shown:
        challenge = begin_by_passkey(consent=consent, by=signer.user)
        options = {"request_options": ask_for_key(request, signer.user, str(challenge.pk))}
        return render(
            request, "patient/consent/passkey.html", {**_proof_context(consent, signer), "options": options}
        )
    return shown.redirect("patient:document", pk=consent.document_id)


def _sign_by_key(request: HttpRequest, consent: Consent, signer: Signer) -> HttpResponse:
    """The key answers the challenge of this page alone."""
    challenge = live_challenge(consent, signer.user, Means.PASSKEY)
    act = asked_for(request)
    form = ConfirmForm(request.POST, user=signer.user)
    with refusals_shown(request) as shown:
        if challenge is None or act != str(challenge.pk) or not form.is_valid():
            raise KeyRefused
        note_passed(challenge)
        signed = sign(consent=consent, challenge=challenge, by=signer.user)
        open_in_session(request, signed.document)
        messages.success(request, _("Le document est signé. Vous le retrouvez ici quand vous voulez."))
        return done("patient:document", pk=consent.document_id)
    return shown.redirect("patient:sign-proof", pk=consent.document_id)


@require_http_methods(["GET", "HEAD", "POST"])
def refuse_to_sign(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    consent, signer = _to_sign(request, pk)
    if signer is None:
        return not_done("patient:document", pk=pk)
    form = WhyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            refuse(consent=consent, sentence=form.cleaned_data["detail"], by=signer.user)
            messages.success(request, _("Votre refus est enregistré : le cabinet le voit. Le document reste ici."))
            return done("patient:document", pk=pk)
    context = {**_context(consent, signer), "form": form}
    return render(request, "patient/consent/refuse.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_consent(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    user = cast("User", request.user)
    consent = _seen(request, pk)
    if consent.state != ConsentState.SIGNED or signer_of(user, consent) is None:
        return not_done("patient:document", pk=pk)
    form = WhyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            withdraw(consent=consent, sentence=form.cleaned_data["detail"], by=user)
            messages.success(request, _("Votre consentement est retiré : le cabinet le voit. Le document reste ici."))
            return done("patient:document", pk=pk)
    context = {**_context(consent, None), "form": form}
    return render(request, "patient/consent/withdraw.html", context, status=400 if form.errors else 200)


def _signed(request: HttpRequest, consent: Consent, form: CodeForm) -> bool:
    """Whether it is signed now. What is refused stands in the form."""
    user = cast("User", request.user)
    challenge = live_challenge(consent, user, Means.SMS)
    with refusals_in(form):
        if challenge is None:
            raise ProofOver
        pass_by_code(challenge=challenge, digits=form.cleaned_data.get("code", ""), by=user)
        signed = sign(consent=consent, challenge=challenge, by=user)
        open_in_session(request, signed.document)
        messages.success(request, _("Le document est signé. Vous le retrouvez ici quand vous voulez."))
        return True
    return False


def _to_sign(request: HttpRequest, pk: uuid.UUID) -> tuple[Consent, Signer | None]:
    """With who signs; None if the account does not, or nothing is to be signed any more. Raises Http404."""
    consent = _seen(request, pk)
    set_clock(consent.practice)
    return consent, signer_of(cast("User", request.user), consent) if consent.is_open else None


def _seen(request: HttpRequest, pk: uuid.UUID) -> Consent:
    """Raises Http404."""
    consent = consents_seen_by(cast("User", request.user)).filter(document=pk).first()
    if consent is None:
        raise Http404
    return consent


def _next(consent: Consent, draft: ConsentDraft) -> str:
    """The address of the first step that is not done."""
    unread = unread_pages(consent, draft)
    if unread:
        return reverse("patient:sign-page", args=[consent.document_id, unread[0]])
    return reverse("patient:sign", args=[consent.document_id])


def _context(consent: Consent, signer: Signer | None) -> dict[str, Any]:
    return {"consent": consent, "document": consent.document, "signer": signer, "section": "documents"}
