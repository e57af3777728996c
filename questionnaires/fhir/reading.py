"""Reads a FHIR R4 Questionnaire. What is not understood is refused by name, with the linkId: nothing is ignored that
could change what is asked, of whom, or what it sums up to."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeGuard

from questionnaires.fhir import extensions
from questionnaires.fhir.checks import faults_of
from questionnaires.fhir.faults import Fault, NotUnderstood
from questionnaires.fhir.items import Condition, Item, Operator, Option, Questions, ScoreRange
from questionnaires.fhir.values import (
    CHOICES,
    NOT_ASKED,
    TEXTS,
    Coding,
    Json,
    Kind,
    NotAValue,
    Value,
    as_kind,
    is_storable,
    read_property,
)

MOST_ITEMS = 500
DEEPEST = 6
LONGEST_TITLE = 200
# What describes a questionnaire and changes nothing of what is asked.
DESCRIBING = {
    *("resourceType", "id", "meta", "language", "text", "url", "identifier", "version", "name", "title", "status"),
    *("derivedFrom", "experimental", "subjectType", "date", "publisher", "contact", "description", "useContext"),
    *("jurisdiction", "purpose", "copyright", "approvalDate", "lastReviewDate", "effectivePeriod", "code"),
    *("extension", "item"),
}
OF_ITEM = {
    *("id", "extension", "linkId", "definition", "code", "prefix", "text", "type", "enableWhen", "enableBehavior"),
    *("required", "repeats", "maxLength", "answerOption", "initial", "item"),
}
OPTION_TYPES = {"valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"}
STATUSES = {"draft", "active", "retired", "unknown"}


def read_questionnaire(resource: object) -> Questions:
    """Raises NotUnderstood with every fault found."""
    reader = _Reader()
    questions = reader.read(resource)
    between = () if reader.faults else faults_of(questions)
    return reader.understood(questions, between)


def read_draft(resource: object) -> Questions:
    """The same while somebody is writing it: sections may still be empty, conditions may ask for what is gone.
    Raises NotUnderstood."""
    reader = _Reader()
    return reader.understood(reader.read(resource))


class _Reader:
    """`path`: of the element that is being read."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.count = 0
        self.path = "Questionnaire"
        self.paths: dict[str, str] = {}  # of items, by linkId

    def understood(self, questions: Questions, between: Iterable[Fault] = ()) -> Questions:
        """`between`: faults between items. Raises NotUnderstood."""
        self.faults += [replace(fault, path=self.paths.get(fault.link_id, self.path)) for fault in between]
        if self.faults:
            raise NotUnderstood(self.faults)
        return questions

    def fault(self, link_id: str, code: str, detail: object = "", *, at: str = "") -> None:
        """`at`: the name of what is at fault in the element that is being read."""
        path = f"{self.path}.{at[:100]}" if at else self.path
        self.faults.append(Fault(link_id, code, str(detail)[:100], path))

    def read(self, resource: object) -> Questions:
        if not isinstance(resource, dict) or resource.get("resourceType") != "Questionnaire":
            self.fault("", "not_a_questionnaire")
            return Questions()
        self.names("", resource, DESCRIBING)
        if resource.get("status") not in STATUSES:
            self.fault("", "status", at="status")
        if (subjects := resource.get("subjectType", ["Patient"])) != ["Patient"]:
            self.fault("", "subject_type", subjects, at="subjectType")
        title, description = self.text("", resource, "title"), self.text("", resource, "description")
        if len(title) > LONGEST_TITLE:
            self.fault("", "too_long", LONGEST_TITLE, at="title")
        items = tuple(self.items("", resource.get("item", []), 1))
        return Questions(title, description, items, tuple(self.ranges(resource)))

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        outside = self.path
        self.path = f"{outside}.{part}"
        try:
            yield
        finally:
            self.path = outside

    def names(self, link_id: str, element: Mapping[str, Any], known: set[str]) -> None:
        for name in sorted(set(element) - known):
            self.fault(link_id, "unknown_element", name, at=name)

    def text(self, link_id: str, element: Mapping[str, Any], name: str) -> str:
        if not isinstance(value := element.get(name, ""), str) or not is_storable(value):
            self.fault(link_id, "not_a_text", name, at=name)
            return ""
        return value

    def flag(self, link_id: str, element: Mapping[str, Any], name: str) -> bool:
        if not isinstance(value := element.get(name, False), bool):
            self.fault(link_id, "not_a_boolean", name, at=name)
            return False
        return value

    def elements(self, link_id: str, raw: object, name: str) -> Iterator[Json]:
        if not isinstance(raw, list):
            self.fault(link_id, "not_a_list", name, at=name)
            return
        for number, one in enumerate(raw):
            with self.within(f"{name}[{number}]"):
                if isinstance(one, dict):
                    yield one
                else:
                    self.fault(link_id, "not_an_object", name)

    def items(self, parent: str, raw: object, depth: int) -> Iterator[Item]:
        if depth > DEEPEST:
            self.fault(parent, "too_deep", DEEPEST)
            return
        for element in self.elements(parent, raw, "item"):
            if depth > 1 and _is_help_item(element):
                continue
            self.count += 1
            if self.count > MOST_ITEMS:
                self.fault("", "too_many_items", MOST_ITEMS)
                return
            if item := self.item(parent, element, depth):
                yield item

    def item(self, parent: str, element: Json, depth: int) -> Item | None:
        link_id = self.text(parent, element, "linkId")
        if not link_id.strip() or len(link_id) > 255:
            self.fault(parent, "no_link_id", at="linkId")
            return None
        if element.get("type") not in set(Kind):
            self.fault(link_id, "unknown_type", element.get("type"), at="type")
            return None
        kind = Kind(element["type"])
        self.paths.setdefault(link_id, self.path)
        self.names(link_id, element, OF_ITEM)
        bounds = self.bounds(link_id, kind, element)
        options, chosen = self.options(link_id, kind, element)
        return Item(
            link_id,
            kind,
            text=self.text(link_id, element, "text"),
            prefix=self.text(link_id, element, "prefix"),
            help=self.help(link_id, element),
            required=self.flag(link_id, element, "required"),
            repeats=self.flag(link_id, element, "repeats"),
            conditions=tuple(self.conditions(link_id, element)),
            every=self.every(link_id, element),
            options=options,
            initial=chosen or tuple(self.initial(link_id, kind, element)),
            max_length=self.max_length(link_id, kind, element),
            low=bounds.get(extensions.LOWEST),
            high=bounds.get(extensions.HIGHEST),
            unit=self.unit(link_id, kind, element),
            items=tuple(self.items(link_id, element.get("item", []), depth + 1)),
        )

    def value(self, link_id: str, element: Mapping[str, Any], prefix: str) -> Value | None:
        try:
            if (found := read_property(element, prefix)) is not None:
                return found
        except NotAValue as refused:
            self.fault(link_id, "not_a_value", refused, at=f"{prefix}[x]")
            return None
        self.fault(link_id, "no_value", prefix, at=f"{prefix}[x]")
        return None

    def help(self, link_id: str, element: Json) -> str:
        """The texts of the display items that are the question's help."""
        raw, texts = element.get("item"), []
        for number, one in enumerate(raw if isinstance(raw, list) else []):
            if _is_help_item(one):
                with self.within(f"item[{number}]"):
                    self.names(link_id, one, {"linkId", "text", "type", "extension"})
                    texts.append(self.text(link_id, one, "text"))
        return "\n".join(texts)

    def extensions(self, link_id: str, element: Mapping[str, Any], known: set[str]) -> Generator[Json]:
        for one in self.elements(link_id, element.get("extension", []), "extension"):
            if one.get("url") in known:
                yield one
            else:
                self.fault(link_id, "unknown_extension", one.get("url"), at="url")

    def bounds(self, link_id: str, kind: Kind, element: Json) -> dict[str, Value]:
        found: dict[str, Value] = {}
        known = {extensions.LOWEST, extensions.HIGHEST, extensions.UNIT, extensions.CONTROL}
        for one in self.extensions(link_id, element, known):
            url = one["url"]
            if url == extensions.CONTROL:
                codes = _control_codes(one)
                if not codes or codes - extensions.LOOKS or extensions.HELP in codes:
                    self.fault(link_id, "unknown_control", ", ".join(sorted(codes)))
            elif url != extensions.UNIT and (value := self.value(link_id, one, "value")) is not None:
                if (fits := as_kind(value, kind)) is None or kind in CHOICES | TEXTS | {Kind.BOOLEAN}:
                    self.fault(link_id, "bound_of_another_type")
                else:
                    found[url] = fits
        return found

    def unit(self, link_id: str, kind: Kind, element: Json) -> str:
        for one in element["extension"] if isinstance(element.get("extension"), list) else []:
            if isinstance(one, dict) and one.get("url") == extensions.UNIT:
                unit = self.value(link_id, one, "value")
                if kind is Kind.QUANTITY and isinstance(unit, Coding):
                    return unit.display or unit.code
                self.fault(link_id, "unit_of_another_type")
        return ""

    def conditions(self, link_id: str, element: Json) -> Iterator[Condition]:
        for one in self.elements(link_id, element.get("enableWhen", []), "enableWhen"):
            answers = {name for name in one if name.startswith("answer")}
            self.names(link_id, one, {"id", "question", "operator", *answers})
            answer = self.value(link_id, one, "answer")
            if one.get("operator") not in set(Operator):
                self.fault(link_id, "unknown_operator", one.get("operator"), at="operator")
            elif answer is not None:
                yield Condition(self.text(link_id, one, "question"), Operator(one["operator"]), answer)

    def every(self, link_id: str, element: Json) -> bool:
        behavior = element.get("enableBehavior")
        several = isinstance(raw := element.get("enableWhen"), list) and len(raw) > 1
        if behavior not in ({"all", "any"} if several else {"all", "any", None}):  # que-12
            self.fault(link_id, "no_enable_behavior", behavior, at="enableBehavior")
        return behavior != "any"

    def options(self, link_id: str, kind: Kind, element: Json) -> tuple[tuple[Option, ...], tuple[Value, ...]]:
        """The options, and those that are chosen at first."""
        options, chosen = [], []
        for one in self.elements(link_id, element.get("answerOption", []), "answerOption"):
            self.names(link_id, one, {"id", "extension", "initialSelected", *OPTION_TYPES})
            if (value := self.value(link_id, one, "value")) is None:
                continue
            options.append(Option(value, self.ordinal(link_id, one)))
            if self.flag(link_id, one, "initialSelected"):
                chosen.append(value)
        if options and kind not in CHOICES:  # que-5
            self.fault(link_id, "options_of_another_type", at="answerOption")
        if kind is Kind.CHOICE and not options:
            self.fault(link_id, "no_options", at="answerOption")
        if len({option.value for option in options}) < len(options):
            self.fault(link_id, "option_twice", at="answerOption")
        return tuple(options), tuple(chosen)

    def ordinal(self, link_id: str, option: Json) -> Decimal | None:
        """Beside the coding or inside it: R4 allows both."""
        coding = option.get("valueCoding")
        inside = coding if isinstance(coding, dict) else {}
        with self.within("valueCoding"):
            self.names(link_id, inside, {"id", "extension", "system", "version", "code", "display", "userSelected"})
        if (found := self.points(link_id, option)) is not None:
            return found
        with self.within("valueCoding"):
            return self.points(link_id, inside)

    def points(self, link_id: str, element: Json) -> Decimal | None:
        """The first ones."""
        with closing(self.extensions(link_id, element, {extensions.ORDINAL})) as found:
            for one in found:
                value = self.value(link_id, one, "value")
                if isinstance(value, Decimal):
                    return value
                self.fault(link_id, "ordinal")
        return None

    def initial(self, link_id: str, kind: Kind, element: Json) -> Iterator[Value]:
        for one in self.elements(link_id, element.get("initial", []), "initial"):
            if (value := self.value(link_id, one, "value")) is None:
                continue
            if (
                kind in NOT_ASKED or element.get("answerOption") or (fits := as_kind(value, kind)) is None
            ):  # que-8, 11
                self.fault(link_id, "initial")
            else:
                yield fits

    def max_length(self, link_id: str, kind: Kind, element: Json) -> int | None:
        if "maxLength" not in element:
            return None
        length = element["maxLength"]
        if kind not in TEXTS or isinstance(length, bool) or not isinstance(length, int) or length < 1:
            self.fault(link_id, "max_length", at="maxLength")
            return None
        return length

    def ranges(self, resource: Json) -> Iterator[ScoreRange]:
        for one in self.extensions("", resource, {extensions.SCORE_RANGE}):
            parts = {
                part.get("url"): self.value("", part, "value")
                for part in self.elements("", one.get("extension", []), "extension")
            }
            low, high, words = (parts.pop(name, None) for name in ("low", "high", "text"))
            bounds_fit = all(bound is None or isinstance(bound, Decimal) for bound in (low, high))
            if parts or not isinstance(words, str) or not bounds_fit:
                self.fault("", "score_range")
            else:
                yield ScoreRange(_decimal_or_none(low), _decimal_or_none(high), words)


def _decimal_or_none(value: Value | None) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def is_help(element: Json) -> bool:
    """Whether a display item is the help of the question that it is in."""
    raw = element.get("extension", [])
    return isinstance(raw, list) and any(
        isinstance(one, dict) and one.get("url") == extensions.CONTROL and _control_codes(one) == {extensions.HELP}
        for one in raw
    )


def _is_help_item(element: object) -> TypeGuard[Json]:
    return isinstance(element, dict) and element.get("type") == "display" and is_help(element)


def _control_codes(extension: Json) -> set[str]:
    concept = extension.get("valueCodeableConcept")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(codings, list):
        return set()
    return {str(one.get("code")) for one in codings if isinstance(one, dict)}
