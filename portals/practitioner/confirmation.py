"""A page that asks before something ends and says what else ends: the GET of the address that ends it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from portals.practitioner.staff import frame
from practices.models import Practice

KEPT = ("appointment", "share", "practice")  # query parameters: the page of the button, to return to


@dataclass(frozen=True)
class Question:
    """`heading` asks; each of `ends` names one thing that ends or stays; `button` says what it does. `seen`: the
    mark of what is asked about, as the page shows it."""

    heading: str
    ends: list[str]
    button: str
    back: str
    section: str = "agenda"
    seen: str = ""


def ask(request: HttpRequest, user: User, question: Question, *, practice: Practice | None = None) -> HttpResponse:
    carried = {name: request.GET[name] for name in KEPT if name in request.GET}
    context = frame(request, user, question.section, practice=practice, question=question, kept=carried)
    return render(request, "practitioner/ask.html", context)
