"""Turns audit events about accounts into sentences, fifty on a page."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import ApiToken, User
from appointments.models import Agenda, VisitReason
from audit.events import Topic, is_about, words_for_account
from audit.models import AuditEvent, AuditEventQuerySet
from portals.device_words import browser_words
from practices.models import BookingOpenTo, ColleagueInvitation, Membership, Practice, Role
from practices.periods import Period
from practices.wording import period_in_words

SHOWN = 50

MEANS: Mapping[str, str | Promise] = {
    "password": gettext_lazy("mot de passe"),
    "password_reset": gettext_lazy("nouveau mot de passe par e-mail"),
    "sms_code": gettext_lazy("code par SMS"),
    "invitation": gettext_lazy("lien et code d’un cabinet"),
    "factor": gettext_lazy("code de double authentification"),
    "totp": gettext_lazy("code d’une application"),
    "webauthn": gettext_lazy("clé d’accès"),
    "recovery_codes": gettext_lazy("code de secours"),
}
FACTORS: Mapping[str, str | Promise] = {
    "totp": gettext_lazy("application d’authentification"),
    "webauthn": gettext_lazy("clé d’accès"),
    "recovery_codes": gettext_lazy("codes de secours"),
}
LIMITS: Mapping[str, str | Promise] = {
    "most_upcoming": gettext_lazy("Rendez-vous à venir au plus, par compte"),
    "most_per_person": gettext_lazy("Rendez-vous à venir au plus, par personne et par agenda"),
    "most_a_day": gettext_lazy("Réservations au plus en un jour, par compte"),
    "an_hour": gettext_lazy("SMS au plus en une heure"),
    "a_day": gettext_lazy("SMS au plus en un jour"),
}
WAYS: Mapping[str, str | Promise] = {
    "changed": gettext_lazy("par la personne elle-même"),
    "reset": gettext_lazy("par « Mot de passe oublié »"),
    "set": gettext_lazy("par l’administration du site"),
}


@dataclass(frozen=True)
class Line:
    at: datetime
    words: str
    whose: User | ColleagueInvitation | None  # the account it is about, or who is invited
    actor: User | None
    is_bad: bool  # whether somebody was refused
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    next_before: int | None  # primary key to pass as `before` for the page of older lines; None on the last page


def activity_page(found: AuditEventQuerySet, before: str | None) -> Page:
    """The newest lines; with `before`, the lines older than that one."""
    if before and before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    lines = list(found[: SHOWN + 1])
    shown = lines[:SHOWN]
    return Page(_in_words(shown), shown[-1].pk if len(lines) > SHOWN else None)


def _in_words(lines: Iterable[AuditEvent]) -> list[Line]:
    tokens = ApiToken.objects.select_related("user").in_bulk([one.object_id for one in lines])
    ids = {one.object_id for one in lines} | {one.actor_id for one in lines if one.actor_id}
    people: dict[uuid.UUID, User] = User.objects.in_bulk(list(ids))
    names = _names(lines)
    practices = Practice.objects.in_bulk([one.practice_id for one in lines if is_about(one.action, Topic.TIE)])
    invited = _invited([one.object_id for one in lines if is_about(one.action, Topic.MEMBER)])
    entries = []
    for one in lines:
        token = tokens.get(one.object_id)
        entries.append(
            Line(
                at=one.at,
                words=words_for_account(one.action),
                whose=token.user if token else people.get(one.object_id) or invited.get(one.object_id),
                actor=people.get(one.actor_id) if one.actor_id and not _is_operators(one) else None,
                is_bad=one.action == "account.sign_in_failed",
                notes=[
                    *([token.name] if token else []),
                    *([names[one.object_id]] if one.object_id in names else []),
                    *([practices[one.practice_id].name] if one.practice_id in practices else []),
                    *_notes(one.detail),
                ],
            )
        )
    return entries


def _invited(ids: list[uuid.UUID]) -> dict[uuid.UUID, User | ColleagueInvitation]:
    """Who was invited, by the id of the invitation; once it is forgotten, the member that it became."""
    members = Membership.objects.filter(public_id__in=ids).select_related("user")
    return {**ColleagueInvitation.objects.in_bulk(ids), **{one.public_id: one.user for one in members}}


def _names(lines: Iterable[AuditEvent]) -> dict[uuid.UUID, str]:
    """The names of the agendas and reasons that lines are about, while these exist."""
    names: dict[uuid.UUID, str] = {}
    for model in (Agenda, VisitReason):
        ids = [one.object_id for one in lines if one.object_type == model.__name__]
        if ids:
            names |= {one.pk: one.name for one in model._default_manager.filter(pk__in=ids)}
    return names


def _is_operators(line: AuditEvent) -> bool:
    """Whether an operator of the site changed the account, or staff a record. The page then does not name them."""
    by_another = line.actor_id != line.object_id
    return is_about(line.action, Topic.TIE) or (line.action.startswith("account.") and by_another)


def _notes(detail: Mapping[str, object]) -> list[str]:
    """The details of a line beside its action, one sentence each."""
    return [sentence for name, words in NOTES.items() if name in detail and (sentence := words(detail))]


def _listed(names: object, table: Mapping[str, str | Promise]) -> str:
    codes = names if isinstance(names, list) else [names]
    return ", ".join(str(table.get(str(code), code)) for code in codes)


def _roles(codes: object) -> str:
    return _listed(codes, {role.value: role.label for role in Role})


def _means(detail: Mapping[str, object]) -> str:
    words = _listed(detail["means"], MEANS)
    return words[:1].upper() + words[1:]


def _tries(detail: Mapping[str, object]) -> str:
    count = int(str(detail["tries"]))
    return ngettext("%(count)s essai en une heure", "%(count)s essais en une heure", count) % {"count": count}


def _tokens(detail: Mapping[str, object]) -> str:
    count = int(str(detail["tokens_revoked"]))
    words = ngettext("%(count)s jeton d’API révoqué", "%(count)s jetons d’API révoqués", count) % {"count": count}
    return words if count else ""


def _granted(detail: Mapping[str, object]) -> str:
    return _("Donné : %(roles)s") % {"roles": _roles(detail["granted"])} if detail["granted"] else ""


def _taken(detail: Mapping[str, object]) -> str:
    return _("Retiré : %(roles)s") % {"roles": _roles(detail["taken"])} if detail["taken"] else ""


def _days(detail: Mapping[str, object]) -> str:
    first, last = (detail.get(name) for name in ("valid_from", "valid_until"))
    bounds = [date.fromisoformat(str(day)) if day else None for day in (first, last)]
    return period_in_words(Period(*bounds))


def _limit(name: str, detail: Mapping[str, object]) -> str:
    return _("%(what)s : %(now)s au lieu de %(before)s") % {
        "what": LIMITS[name],
        "now": detail[name],
        "before": detail.get(f"{name}_before", "?"),
    }


FIELDS: Mapping[str, str | Promise] = {
    "name": gettext_lazy("nom"),
    "address": gettext_lazy("adresse"),
    "telephone": gettext_lazy("téléphone"),
    "email": gettext_lazy("adresse e-mail"),
    "time_zone": gettext_lazy("fuseau horaire"),
    "language": gettext_lazy("langue"),
    "discreet_name": gettext_lazy("nom dans les messages"),
    "discreet_email": gettext_lazy("adresse des réponses"),
    "message_footer": gettext_lazy("pied des e-mails"),
    "practitioner": gettext_lazy("praticien"),
    "books_online": gettext_lazy("réservable en ligne"),
    "specialty": gettext_lazy("spécialité"),
    "is_shown": gettext_lazy("nommé sur la page du cabinet"),
    "duration_minutes": gettext_lazy("durée"),
    "in_person": gettext_lazy("au cabinet"),
    "video": gettext_lazy("en vidéo"),
    "hue": gettext_lazy("couleur"),
    "agendas": gettext_lazy("agendas"),
}


def _fields(detail: Mapping[str, object]) -> str:
    words = _listed(detail["fields"], FIELDS)
    return words[:1].upper() + words[1:]


def _open_to(detail: Mapping[str, object]) -> str:
    labels = {one.value: one.label for one in BookingOpenTo}
    return _("%(now)s, au lieu de : %(before)s") % {
        "now": _listed(detail["open_to"], labels),
        "before": _listed(detail.get("open_to_before", "?"), labels),
    }


NOTES: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "means": _means,
    "browser": lambda detail: browser_words(str(detail["browser"]), str(detail.get("system", ""))),
    "known_device": lambda detail: "" if detail["known_device"] else _("Appareil nouveau"),
    "tries": lambda detail: _tries(detail) if detail["tries"] != 1 else "",
    "factor": lambda detail: _listed(detail["factor"], FACTORS),
    "how": lambda detail: _listed(detail["how"], WAYS),
    "tokens_revoked": _tokens,
    "roles": lambda detail: _roles(detail["roles"]),
    "valid_from": _days,
    "valid_until": lambda detail: "" if "valid_from" in detail else _days(detail),
    "reason": lambda detail: (
        _("Qui l’a envoyée n’administre plus le cabinet") if detail["reason"] == "inviter_left" else ""
    ),
    "countries_added": lambda detail: (
        _("Pays ajoutés : %(codes)s") % {"codes": _listed(detail["countries_added"], {})}
    ),
    "countries_removed": lambda detail: (
        _("Pays retirés : %(codes)s") % {"codes": _listed(detail["countries_removed"], {})}
    ),
    **{name: partial(_limit, name) for name in LIMITS},
    "fields": _fields,
    "open_to": _open_to,
    "granted": _granted,
    "taken": _taken,
}
