"""À signer: what waits for the practitioner, what was prepared and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.sole_control import MAY_SIGN, require_sole_control, signed_in_until
from appointments.recipients import resolve
from documents.filling.filled import others_named, print_filled
from documents.models import Task, TaskState
from documents.to_sign.looking import mark_of, note_look, was_looked_at
from documents.to_sign.preparing import MAX_SENTENCE, PARTS, filling_of, send_back, withdraw_task
from documents.to_sign.sign_tasks import AT_ONCE, Outcome, sign_tasks
from documents.to_sign.standing import obstacle, standings
from portals.answers import done, not_done, refusals_shown
from portals.clock import set_clock
from portals.form_errors import refusals_in
from portals.pagination import list_page
from portals.practitioner.paper import PaperPage, drawn
from portals.practitioner.practices import practice_of
from portals.practitioner.staff import frame, staff_only
from portals.practitioner.undo_offer import offer, open_shares, session_mark
from practices.models import Practice
from practices.roles import may_share
from signing.models import SignatureImage
from signing.stamp_preview import own_stamp

SETTLED_SHOWN = timedelta(days=30)


class SendBackForm(forms.Form):
    sentence = forms.CharField(
        label=gettext_lazy("Ce qui ne va pas"),
        max_length=MAX_SENTENCE,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
        error_messages={"required": gettext_lazy("Dites en une phrase ce qui ne va pas.")},
    )


@dataclass(frozen=True)
class TaskLine:
    """`obstacle`: what stands in the way of signing; "" for nothing."""

    task: Task
    obstacle: str
    was_looked_at: bool

    @property
    def can_be_signed(self) -> bool:
        return self.was_looked_at and not self.obstacle

    @property
    def changed(self) -> bool:
        return bool(self.task.looked_at) and not self.was_looked_at


@staff_only
@require_safe
def to_sign(request: HttpRequest, user: User) -> HttpResponse:
    practice = practice_of(request, user)
    page = list_page(request, _to_sign(user, practice), rows=AT_ONCE)
    lines = page.of(_lines(page))
    context = frame(
        request,
        user,
        "to-sign",
        lines=lines,
        ready=sum(line.can_be_signed for line in lines),
        may_sign_until=_may_sign_until(request),
        just_signed=_just_signed(request, user, practice),
        **_prepared(request, user, practice),
    )
    return render(request, "practitioner/to_sign.html", context)


@staff_only
@require_safe
def task(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    return _task_page(request, user, _task(user, pk), SendBackForm())


@staff_only
@require_POST
def look(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Records what the practitioner has looked at: the mark that the page showed. Then the next one."""
    task = get_object_or_404(Task.objects.to_sign_by(user).select_related("practice"), pk=pk)
    set_clock(task.practice)
    with refusals_shown(request) as shown:
        note_look(task=task, mark=request.POST.get("mark", ""), by=user)
    if request.headers.get("X-Requested-With") == "look":
        return HttpResponse(status=409 if shown.refusal else 204)
    if shown.refusal:
        return not_done("practitioner:task", pk=pk)
    following = _next(user, task)
    return done("practitioner:task", pk=following.pk) if following else done("practitioner:to-sign")


@staff_only
@require_POST
def sign(request: HttpRequest, user: User) -> HttpResponse:
    """Signs those chosen, each with its own fate."""
    practice_of(request, user)
    chosen = _chosen(request)
    if not chosen:
        messages.error(request, _("Choisissez au moins un document que vous avez regardé."))
        return not_done("practitioner:to-sign")
    require_sole_control(request)
    outcomes = sign_tasks(tasks=chosen[:AT_ONCE], by=user, session=session_mark(request))
    _tell(request, outcomes, left=len(chosen) - len(outcomes))
    signed = any(outcome.is_signed for outcome in outcomes)
    return done("practitioner:to-sign") if signed else not_done("practitioner:to-sign")


@staff_only
@require_http_methods(["POST"])
def send_task_back(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    task = get_object_or_404(Task.objects.to_sign_by(user).select_related(*PARTS), pk=pk)
    set_clock(task.practice)
    form = SendBackForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            send_back(task=task, sentence=form.cleaned_data["sentence"], by=user)
            sentence = _("« %(title)s » est renvoyé à %(name)s.")
            messages.success(request, sentence % {"title": task.title, "name": task.prepared_by})
            return done("practitioner:to-sign")
    return _task_page(request, user, task, form)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Asks first: what was filled in is lost."""
    task = get_object_or_404(Task.objects.of_sharers(user).select_related(*PARTS), pk=pk)
    set_clock(task.practice)
    if request.method == "POST":
        with refusals_shown(request) as shown:
            withdraw_task(task=task, by=user)
            messages.success(request, _("« %(title)s » n’est plus à signer.") % {"title": task.title})
        return shown.redirect("practitioner:appointment", pk=task.appointment_id)
    context = frame(request, user, "to-sign", practice=task.practice, task=task)
    return render(request, "practitioner/task_withdraw.html", context)


def _task_page(request: HttpRequest, user: User, task: Task, form: SendBackForm) -> HttpResponse:
    """The paper is made for this answer; its mark is that of what it is made from."""
    set_clock(task.practice)
    signs = task.practitioner_id == user.pk and task.state == TaskState.WAITING
    recipient, pages = resolve(task.appointment), list[PaperPage]()
    mark, named = mark_of(task, recipient), list[str]()
    if task.is_open:
        filling = filling_of(task)
        named = others_named(task.appointment, filling)
        with refusals_shown(request), print_filled(task.appointment, filling) as paper:
            place = filling.place.on(paper.page_count) if filling.place else None
            pages = drawn(paper, place=place, stamp=_own_stamp(user, task) if signs else None)
    context = frame(
        request,
        user,
        "to-sign",
        practice=task.practice,
        task=task,
        appointment=task.appointment,
        patient=task.appointment.patient,
        recipient=recipient,
        line=TaskLine(
            task, obstacle(task, recipient) if task.is_open else "", signs and was_looked_at(task, recipient)
        ),
        pages=pages,
        named=", ".join(named),
        mark=mark,
        signs=signs,
        may_share=may_share(user, task.practice),
        may_sign_until=_may_sign_until(request),
        following=_next(user, task) if signs else None,
        x_percent=round(task.x * 100),
        y_percent=round(task.y * 100),
        form=form,
    )
    return render(request, "practitioner/task.html", context, status=400 if form.errors else 200)


def _own_stamp(user: User, found: Task) -> Callable[[float], bytes] | None:
    """Draws the stamp that signing would; None without a signature."""
    if not SignatureImage.objects.filter(user=user).exists():
        return None
    return lambda width: own_stamp(by=user, zone=found.practice.zone, width=width)


def _task(user: User, pk: uuid.UUID) -> Task:
    """One that the user is to sign, or may correct. Raises Http404."""
    mine, ours = Task.objects.to_sign_by(user), Task.objects.of_sharers(user)
    return get_object_or_404((mine | ours).select_related(*PARTS), pk=pk)


def _to_sign(user: User, practice: Practice) -> QuerySet[Task]:
    waiting = Task.objects.to_sign_by(user).filter(practice=practice, state=TaskState.WAITING)
    return waiting.select_related(*PARTS)


def _just_signed(request: HttpRequest, user: User, practice: Practice) -> list[dict[str, Any]]:
    """What this session signed a moment ago and can still undo, as undo_offer.offer; `what`: title and patient."""
    acts = {act.document: act for act in open_shares(user, session_mark(request))}
    tasks = Task.objects.filter(document__in=list(acts), practice=practice).select_related(*PARTS)
    return [
        offer(acts[one.document_id]) | {"what": f"{one.title}, {one.appointment.patient.full_name}"}
        for one in (tasks if acts else ())
    ]


def _lines(tasks: Iterable[Task]) -> list[TaskLine]:
    """In a few queries, however many there are."""
    listed = list(tasks)
    standing = standings(listed)
    return [TaskLine(one, standing[one.pk].obstacle, standing[one.pk].was_looked_at) for one in listed]


def _prepared(request: HttpRequest, user: User, practice: Practice) -> dict[str, Any]:
    """What waits for others, what was sent back, and what became of what the user prepared."""
    ours = Task.objects.of_sharers(user).filter(practice=practice).select_related(*PARTS)
    waiting = ours.filter(state=TaskState.WAITING).exclude(practitioner=user)
    since = timezone.now() - SETTLED_SHOWN
    settled = ours.filter(Q(prepared_by=user), settled_at__gte=since).exclude(state=TaskState.SENT_BACK)
    page = list_page(request, waiting, name="waiting", anchor="waiting")
    returned = ours.filter(state=TaskState.SENT_BACK)
    return {
        "sent_back": list_page(request, returned, name="returned", anchor="returned"),
        "waiting": page.of(_lines(page)),
        "settled": list_page(request, settled.order_by("-settled_at"), name="settled", anchor="settled"),
    }


def _next(user: User, task: Task) -> Task | None:
    """The next that is still to be looked at, round to the first."""
    waiting = Task.objects.to_sign_by(user).filter(practice=task.practice_id, state=TaskState.WAITING)
    others = waiting.exclude(pk=task.pk).select_related(*PARTS).order_by("prepared_at", "pk")
    later = Q(prepared_at__gt=task.prepared_at) | Q(prepared_at=task.prepared_at, pk__gt=task.pk)
    return _first_not_looked_at(others.filter(later)) or _first_not_looked_at(others.exclude(later))


def _first_not_looked_at(tasks: QuerySet[Task]) -> Task | None:
    """Reads a part at a time: the first one is most often among the first."""
    start, part = 0, list(tasks[:AT_ONCE])
    while part:
        standing = standings(part)
        if found := next((one for one in part if not standing[one.pk].was_looked_at), None):
            return found
        start += AT_ONCE
        part = list(tasks[start : start + AT_ONCE])
    return None


def _chosen(request: HttpRequest) -> list[uuid.UUID]:
    items = []
    for text in request.POST.getlist("task"):
        try:
            items.append(uuid.UUID(text))
        except ValueError:
            continue  # no page of ours sends it
    return items


def _tell(request: HttpRequest, outcomes: list[Outcome], *, left: int) -> None:
    signed = sum(outcome.is_signed for outcome in outcomes)
    if signed:
        sentence = ngettext("%(count)d document signé et partagé.", "%(count)d documents signés et partagés.", signed)
        messages.success(request, sentence % {"count": signed})
    for outcome in outcomes:
        if not outcome.is_signed:
            named = _("« %(title)s » n’a pas été signé.") % {"title": outcome.title} if outcome.title else ""
            messages.error(request, f"{named} {outcome.sentence}".strip())
    if left > 0:
        messages.warning(request, _("Vingt-cinq documents se signent à la fois : recommencez pour les autres."))


def _may_sign_until(request: HttpRequest) -> str:
    """Milliseconds of Unix time until when this session may sign without a new sign-in; "" without a limit."""
    return "" if request.session.get(MAY_SIGN) else str(int(signed_in_until(request) * 1000))
