"""Each package declares its audit events, with texts in both languages; nothing else is recorded."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from accounts.models import User
from audit.events import Topic, all_events, declare, event_of, webhook_event, webhook_events, words_for_practice
from audit.trail import line
from practices.models import Practice

PROGRAMS = ("bench", "deploy", "docshare", "tools")  # beside the packages
IN_TRAIL = {("audit.trail", "record"), ("audit.trail", "line")}
CODE = re.compile(r"[a-z_]+\.[a-z_]+")
NO_CODES = ("appointment.practice", "signature.png")  # a field of a serializer, a file
FORMER = {"account.deleted"}  # in trails of former versions
CARRIED = {
    "appointment.booked",
    "appointment.moved",
    "appointment.cancelled",
    "appointment.reinstated",
    "appointment.confirmed",
    "appointment.deleted",
    "consent.signed",
    "consent.withdrawn",
    "document.received",
    "document.shared",
    "questionnaire.answered",
    "request.fulfilled",
    "document.replaced",
    "document.taken_back",
    "document.read",
    "auto_send.sent",
    "holder.authorised",
    "message.failed",
}
Name = tuple[str, str]  # a module, and a name in it
Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_every_code_that_is_recorded_is_declared_and_every_other_is_not() -> None:
    recorded: dict[str, str] = {}
    for module, tree in modules().items():
        for number, codes in recordings(module, tree):
            recorded |= dict.fromkeys(codes, f"{module}:{number}")
    declared = {event.code for event in all_events()}
    undeclared = {code: place for code, place in recorded.items() if code not in declared}
    assert not undeclared, "declare it in events.py of its room"
    assert declared == set(recorded) | FORMER, "remove from events.py what nothing records"


def test_every_code_that_is_read_is_declared() -> None:
    kinds = {event.code.partition(".")[0] for event in all_events()}
    declared = {*(event.code for event in all_events()), *NO_CODES}
    for module, tree in modules().items():
        texts = [str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        codes = {text for text in texts if CODE.fullmatch(text) and text.partition(".")[0] in kinds}
        assert codes <= declared, module


def test_every_event_has_words_in_french_and_english() -> None:
    path = Path(settings.BASE_DIR) / "locale" / "en" / "LC_MESSAGES" / "django.po"
    english = {entry.msgid: entry for entry in polib.pofile(str(path))}
    for event in all_events():
        others = [words for words in (event.account_words, event.webhook_words) if words is not None]
        for words in (event.words, *others):
            assert isinstance(words, Promise), event.code  # translated for each reader
            with translation.override("fr"):
                french = str(words)
            assert french.strip(), event.code
            assert french != event.code
            assert french in english, f"{event.code}: run makemessages (docs/developing.md)"
            assert english[french].msgstr, event.code
            assert not english[french].fuzzy, event.code


def test_words_follow_the_language_of_the_page() -> None:
    with translation.override("fr"):
        assert words_for_practice("document.shared") == "Document partagé"
    with translation.override("en"):
        assert words_for_practice("document.shared") == "Document shared"
    assert words_for_practice("document.of_an_earlier_version") == "document.of_an_earlier_version"


def test_a_code_that_no_room_declares_is_not_recorded(alice: User, practice: Practice) -> None:
    with pytest.raises(ValueError, match=r"No room declares the event document\.shown"):
        line("document.shown", by=alice, on=practice)
    assert line("document.shared", by=alice, on=practice).action == "document.shared"


def test_a_code_is_declared_once() -> None:
    before = event_of("document.shared")
    with pytest.raises(ValueError, match=r"document\.shared is declared twice"):
        declare("document.shared", before.account_words or before.words, Topic.KEY)
    assert event_of("document.shared") is before


def test_webhooks_carry_events_of_the_registry_and_still_all_that_endpoints_may_have_chosen() -> None:
    carried = {event.code for event in webhook_events()}
    assert carried - CARRIED == set(), "new: add it to CARRIED, once it is recorded with `practice`"
    assert CARRIED - carried == set(), "endpoints may have chosen it: it must still be carried"
    for code in CARRIED:
        assert webhook_event(code) is event_of(code)
    with pytest.raises(ValueError, match=r"Webhooks do not carry document\.consulted"):
        webhook_event("document.consulted")


@cache
def modules() -> dict[str, ast.Module]:
    root = Path(settings.BASE_DIR)
    files = [path for top in (*settings.ROOMS, *PROGRAMS) for path in sorted((root / top).rglob("*.py"))]
    names = {path: ".".join(path.relative_to(root).with_suffix("").parts) for path in files}
    return {name: ast.parse(path.read_text()) for path, name in names.items() if ".migrations." not in name}


@cache
def recorders() -> dict[Name, int]:
    """`record` and `line` of the trail, and every function that passes its parameter `action` to one of them, with
    the position of that argument in calls."""
    found = dict.fromkeys(IN_TRAIL, 0)
    while True:
        more = {
            (module, function.name): [argument.arg for argument in arguments(function)].index("action")
            for module, tree in modules().items()
            for function in functions(tree)
            if "action" in [argument.arg for argument in arguments(function)]
            for call in calls(function)
            if (name := called(module, call)) in found and is_parameter(action_of(call, found[name]))
        }
        if more.keys() <= found.keys():
            return found
        found |= more


def recordings(module: str, tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Each line of code that writes to the trail, with the codes that it may write."""
    for call in calls(tree):
        if (name := called(module, call)) in recorders():
            action = action_of(call, recorders()[name])
            if action is None or is_parameter(action):
                continue  # the callee's default, or the value passed by callers of this function
            codes = list(constants(action, tree))
            assert codes, f"{module}:{call.lineno}: write the code, a choice of codes, or the parameter `action`"
            yield call.lineno, codes
    for function in functions(tree):
        if (module, function.name) in recorders():
            yield function.lineno, [code for default in defaults(function) for code in constants(default, tree)]


@cache
def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


@cache
def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called(module: str, call: ast.Call) -> Name | None:
    match call.func:
        case ast.Name(name):
            return imports(module).get(name, (module, name))
        case ast.Attribute(ast.Name(owner), name) if owner in imports(module):
            return ".".join(imports(module)[owner]), name
    return None


@cache
def imports(module: str) -> dict[str, Name]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def action_of(call: ast.Call, place: int) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
    return next(iter([*named, *call.args[place : place + 1]]), None)


def is_parameter(action: ast.expr | None) -> bool:
    return isinstance(action, ast.Name) and action.id == "action"


def constants(action: ast.expr, tree: ast.Module) -> Iterator[str]:
    match action:
        case ast.Constant(str(code)):
            yield code
        case ast.IfExp(_, one, other):
            yield from constants(one, tree)
            yield from constants(other, tree)
        case ast.Name(name):
            for node in tree.body:
                if isinstance(node, ast.Assign) and name in [getattr(target, "id", "") for target in node.targets]:
                    yield from constants(node.value, tree)


def arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def defaults(function: Function) -> list[ast.expr]:
    """The default of its parameter `action`, if any."""
    positional = [*function.args.posonlyargs, *function.args.args]
    given = function.args.defaults
    pairs = [
        *zip(positional[len(positional) - len(given) :], given, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return [default for argument, default in pairs if argument.arg == "action" and default is not None]
