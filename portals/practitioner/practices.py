"""Which practice one works in: chosen in the rail by whoever is in several, and kept in the session.

A form says which practice its page showed: another tab, where one went to work in another, changes nothing of what it
does. What has a practice of its own (an appointment, a rule) is found by that, whichever was chosen.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest

from accounts.models import User
from portals.clock import set_clock
from practices.models import Practice
from practices.roles import may_administer

CHOSEN = "practice"  # in the session, and in what a form sends


def practices_of(user: User) -> list[Practice]:
    return list(Practice.objects.of(user).order_by("name", "pk"))


def practice_of(request: HttpRequest, user: User) -> Practice:
    """The one that the form was made for, or that was chosen; the first where none was, or one is there no more.

    Asked of the database each time: whoever is no longer there is out at the next request. Raises Http404. From then
    on the request has this practice's clock.
    """
    practice = chosen(request, practices_of(user))
    set_clock(practice)
    return practice


def chosen(request: HttpRequest, found: list[Practice]) -> Practice:
    """The same among these, all that the user is in."""
    if CHOSEN in request.POST:
        found = [one for one in found if str(one.pk) == request.POST[CHOSEN]]
    if not found:
        raise Http404
    return next((one for one in found if str(one.pk) == request.session.get(CHOSEN)), found[0])


def administered_practice(request: HttpRequest, user: User) -> Practice:
    """The same, for its administrators. To others its page does not exist."""
    practice = practice_of(request, user)
    if not may_administer(user, practice):
        raise Http404
    return practice
