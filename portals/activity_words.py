"""Lines of the trail about accounts, in words; fifty to a page."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import ApiToken, User
from audit.events import Topic, is_about, words_for_account
from audit.models import AuditEvent, AuditEventQuerySet
from portals.device_words import browser_words
from practices.models import Practice, Role

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
    whose: User | None  # the account it is about
    actor: User | None
    is_bad: bool  # somebody was refused
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    next_before: int | None  # for the page of older lines


def activity_page(found: AuditEventQuerySet, before: str | None) -> Page:
    """The newest lines; with `before`, those that are older than that one."""
    if before and before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    lines = list(found[: SHOWN + 1])
    shown = lines[:SHOWN]
    return Page(_in_words(shown), shown[-1].pk if len(lines) > SHOWN else None)


def _in_words(lines: Iterable[AuditEvent]) -> list[Line]:
    tokens = ApiToken.objects.select_related("user").in_bulk([one.object_id for one in lines])
    ids = {one.object_id for one in lines} | {one.actor_id for one in lines if one.actor_id}
    people: dict[uuid.UUID, User] = User.objects.in_bulk(list(ids))
    practices = Practice.objects.in_bulk([one.practice_id for one in lines if is_about(one.action, Topic.TIE)])
    found = []
    for one in lines:
        token = tokens.get(one.object_id)
        found.append(
            Line(
                at=one.at,
                words=words_for_account(one.action),
                whose=token.user if token else people.get(one.object_id),
                actor=people.get(one.actor_id) if one.actor_id and not _is_operators(one) else None,
                is_bad=one.action == "account.sign_in_failed",
                notes=[
                    *([token.name] if token else []),
                    *([practices[one.practice_id].name] if one.practice_id in practices else []),
                    *_notes(one.detail),
                ],
            )
        )
    return found


def _is_operators(line: AuditEvent) -> bool:
    """Somebody who runs the site changed an account, or staff a record: the person reads that, not who it was."""
    by_another = line.actor_id != line.object_id
    return is_about(line.action, Topic.TIE) or (line.action.startswith("account.") and by_another)


def _notes(detail: Mapping[str, object]) -> list[str]:
    """What a line says beside its action, a sentence each."""
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


def _limit(name: str, detail: Mapping[str, object]) -> str:
    return _("%(what)s : %(now)s au lieu de %(before)s") % {
        "what": LIMITS[name],
        "now": detail[name],
        "before": detail.get(f"{name}_before", "?"),
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
    "countries_added": lambda detail: (
        _("Pays ajoutés : %(codes)s") % {"codes": _listed(detail["countries_added"], {})}
    ),
    "countries_removed": lambda detail: (
        _("Pays retirés : %(codes)s") % {"codes": _listed(detail["countries_removed"], {})}
    ),
    **{name: partial(_limit, name) for name in LIMITS},
    "granted": _granted,
    "taken": _taken,
}
