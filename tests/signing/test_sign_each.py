"""Several papers are signed in one child, each with its own result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from bench.damage import DAMAGES, without_startxref
from bench.doctors import NAME, NUMBER, Authority
from files import sandbox
from files.intake import Intake
from signing.pdf import signing_child
from signing.pdf.credentials import Credential
from signing.pdf.keys import KeyUnavailable
from signing.pdf.pades import BASELINE, LevelWanted
from signing.pdf.placement import InvalidPlacement, Placement
from signing.pdf.sign import CannotSign, SignedIntake, sign
from signing.pdf.sign_each import Result, sign_each
from signing.pdf.stamp import StampContent
from tests.documents.conftest import PDF
from tests.pdfs import pdf_with_page
from tests.signing import ending_child
from tests.signing.conftest import Receive, pdfsig

HERE = Placement(page=1, x=0.7, y=0.8)
SignEach = Callable[..., list[Result]]
Children = list[str]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    """The functions that children ran to sign."""
    ran: Children = []
    run = sandbox._run

    def noted(job: sandbox._Job, wall_seconds: float) -> tuple[object, float]:
        if job.function.__name__.startswith("sign_"):
            ran.append(job.function.__name__)
        return run(job, wall_seconds)

    monkeypatch.setattr(sandbox, "_run", noted)
    return ran


@pytest.fixture
def each(credential: Credential) -> SignEach:
    def _each(
        intakes: Sequence[Intake],
        *,
        placement: Placement = HERE,
        by: Credential = credential,
        name: str = NAME,
        wanted: LevelWanted = BASELINE,
    ) -> list[Result]:
        return sign_each(
            [(intake, placement) for intake in intakes],
            credential=by,
            appearance=StampContent(image_png=None, signer_name=name, professional_number=NUMBER),
            signing_time=timezone.now(),
            wanted=wanted,
        )

    return _each


def is_signed_once(path: Path, content: bytes) -> bool:
    report = pdfsig(path)
    return (
        path.read_bytes().startswith(content)
        and report.count("Signature #") == 1
        and "Signature is Valid" in report
        and "Total document signed" in report
    )


def papers(receive: Receive, count: int) -> dict[Path, Intake]:
    found = [receive(pdf_with_page(pages=1 + number), f"lettre {number}.pdf") for number in range(count)]
    return {intake.path: intake for intake in found}


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, ["sign_file"]),
        (2, ["sign_files"]),
        (10, ["sign_files"]),
        (11, ["sign_files", "sign_file"]),
        (12, ["sign_files", "sign_files"]),
    ],
)
def test_ten_are_signed_in_one_child(
    count: int, expected: Children, receive: Receive, each: SignEach, children: Children
) -> None:
    intakes = papers(receive, count)
    contents = {path: path.read_bytes() for path in intakes}
    results = each(list(intakes.values()))
    assert children == expected
    for (path, intake), result in zip(intakes.items(), results, strict=True):
        assert isinstance(result, SignedIntake)
        assert result.intake == replace(intake, size=path.stat().st_size)
        assert [report.judgement for report in result.signatures] == ["valid"]
        assert is_signed_once(path, contents[path])


def test_one_that_can_not_be_signed_is_named_and_the_others_are_signed_in_one_child(
    receive: Receive, each: SignEach, children: Children
) -> None:
    intakes = papers(receive, 4)
    paths = list(intakes)
    paths[1].write_bytes(b"%PDF-1.7\nnothing that a reader opens")
    paths[2].write_bytes(without_startxref(paths[2].read_bytes()))  # damaged, and can be repaired
    contents = [path.read_bytes() for path in paths]
    first, broken, damaged, last = each(list(intakes.values()))
    assert children == ["sign_files", "sign_file", "sign_file"]
    assert isinstance(broken, CannotSign)
    assert "lettre 1.pdf" in broken.sentence
    assert paths[1].read_bytes() == contents[1]
    assert isinstance(damaged, SignedIntake)
    assert damaged.repaired
    assert is_signed_once(paths[2], b"%PDF")
    for result, rank in ((first, 0), (last, 3)):
        assert isinstance(result, SignedIntake)
        assert not result.repaired
        assert is_signed_once(paths[rank], contents[rank])


def test_if_the_child_ends_each_is_signed_again_alone_and_once(
    receive: Receive, each: SignEach, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_child, "sign_files", ending_child.sign_files)
    intakes = papers(receive, 3)
    contents = [path.read_bytes() for path in intakes]
    results = each(list(intakes.values()))
    assert children == ["sign_files", "sign_file", "sign_file", "sign_file"]
    assert all(isinstance(result, SignedIntake) for result in results)
    assert all(map(is_signed_once, intakes, contents))


def test_where_the_stamp_has_no_page_only_that_paper_is_refused(receive: Receive, each: SignEach) -> None:
    short, long = each(list(papers(receive, 2).values()), placement=replace(HERE, page=2))
    assert isinstance(short, InvalidPlacement)
    assert isinstance(long, SignedIntake)


def test_a_stamp_that_can_not_be_composed_refuses_all(receive: Receive, each: SignEach) -> None:
    with pytest.raises(CannotSign) as refused:
        each(list(papers(receive, 2).values()), name="Dr 𓀀")
    assert refused.value.code == "letters_missing"


class WrongKey:
    """Signs with another key than the certificate's."""

    def __init__(self, other: Credential) -> None:
        self._key = other.key

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class NoKey:
    """A token that does not answer."""

    def sign(self, data: bytes) -> bytes:
        raise KeyUnavailable("the token")


@pytest.mark.parametrize("key", ["wrong", "unavailable"])
def test_what_a_key_does_not_sign_rightly_is_refused_and_stays_unsigned(
    key: str, receive: Receive, each: SignEach, credential: Credential, authority: Authority
) -> None:
    by = replace(credential, key=WrongKey(authority.doctor()) if key == "wrong" else NoKey())
    intakes = papers(receive, 3)
    contents = {path: path.read_bytes() for path in intakes}
    for result in each(list(intakes.values()), by=by):
        assert isinstance(result, CannotSign)
    alone = receive()
    with pytest.raises(CannotSign):
        sign(
            alone,
            placement=HERE,
            credential=by,
            appearance=StampContent(image_png=None, signer_name=NAME, professional_number=NUMBER),
            signing_time=timezone.now(),
        )
    for path, content in contents.items():
        assert path.read_bytes().startswith(content)
        assert "Signature is Valid" not in pdfsig(path)


def test_levels_that_ask_an_authority_have_a_child_each(receive: Receive, each: SignEach, children: Children) -> None:
    """Each may take as long as a child may."""
    wanted = LevelWanted(level="B-T", tsa_url="http://127.0.0.1:9/tsa")
    results = each(list(papers(receive, 2).values()), wanted=wanted)
    assert children == ["sign_file", "sign_file"]
    assert [result.code for result in results if isinstance(result, CannotSign)] == ["no_time_stamp"] * 2


def test_damaged_papers_are_repaired_as_if_each_came_alone(
    receive: Receive, each: SignEach, credential: Credential
) -> None:
    together = [receive(damage(PDF), f"{name}.pdf") for name, damage in DAMAGES.items()]
    alone = [receive(damage(PDF), f"{name}.pdf") for name, damage in DAMAGES.items()]
    appearance = StampContent(image_png=None, signer_name=NAME, professional_number=NUMBER)
    for result, intake in zip(each(together), alone, strict=True):
        at = timezone.now()
        single = sign(intake, placement=HERE, credential=credential, appearance=appearance, signing_time=at)
        assert isinstance(result, SignedIntake)
        assert (result.repaired, len(result.signatures)) == (single.repaired, len(single.signatures))
        assert "Signature is Valid" in pdfsig(result.intake.path)
