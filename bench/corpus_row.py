"""Processes one document of `make corpus`: received, signed, and judged by independent readers."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.doctors import NUMBER, Authority

if TYPE_CHECKING:
    from files.intake import Intake
    from signing.pdf.credentials import Credential

MAX_SECONDS, MAX_MIB = 20, 1024  # limits for every document
STAMP_WIDTH = 0.25
SIGNER = "Dr Corpus"
CENTRE = (0.5, 0.85)
STAMP = (*CENTRE, STAMP_WIDTH)


@dataclass
class Row:
    """The result for one document."""

    name: str
    opens: bool = False  # in a viewer, without a password, and within the accepted size
    outcome: str = ""
    sentence: str = ""
    seconds: float = 0  # seconds of processor time in the children
    waited: float = 0  # seconds of wall time from receiving to signing
    mib: int = 0
    pyhanko: str = ""
    pdfsig: str = ""
    pages: str = ""
    prefix: str = ""
    broke: bool = False  # with an unexpected exception

    @property
    def good(self) -> bool:
        """Whether it is signed and every reader accepts it."""
        return self.outcome.startswith("signed") and not self.complaints

    @property
    def broken(self) -> bool:
        return self.broke or bool(self._over)

    @property
    def complaints(self) -> list[str]:
        judged = [self.pyhanko, self.pdfsig, self.pages, self.prefix] if self.outcome.startswith("signed") else []
        return self._over + [word for word in judged if word != "ok"]

    @property
    def _over(self) -> list[str]:
        seconds = [f"{self.seconds:.0f} s"] if self.seconds > MAX_SECONDS else []
        return seconds + ([f"{self.mib} MiB"] if self.mib > MAX_MIB else [])


class SpentByThread(logging.Handler):
    """Peak memory and processor time of each thread's children, as reported by the sandbox."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.mib: Counter[int] = Counter()
        self.seconds: defaultdict[int, float] = defaultdict(float)

    def begin(self) -> None:
        self.mib[threading.get_ident()] = 0
        self.seconds[threading.get_ident()] = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.DEBUG and isinstance(record.args, tuple):
            thread, mib, seconds = threading.get_ident(), int(str(record.args[1])), float(str(record.args[2]))
            self.mib[thread] = max(self.mib[thread], mib)
            self.seconds[thread] += seconds


@dataclass(frozen=True)
class Bench:
    """A signer, and the measurement of memory."""

    credential: Credential
    spent: SpentByThread

    @classmethod
    def set_up(cls) -> Bench:
        spent = SpentByThread()
        sandbox_log = logging.getLogger("files.sandbox")
        sandbox_log.setLevel(logging.DEBUG)
        sandbox_log.addHandler(spent)
        sandbox_log.propagate = False
        return cls(Authority().doctor(SIGNER), spent)

    def row(self, path: Path, shown_as: str) -> Row:
        from django.core.files.uploadedfile import SimpleUploadedFile

        from bench import corpus_child
        from files import sandbox
        from files.intake import Refused, accept
        from files.limits import MAX_BYTES, PDF
        from signing.pdf.sign import CannotSign

        row = Row(shown_as)
        content = path.read_bytes()
        if path.suffix.lower() == ".pdf" and 0 < len(content) <= MAX_BYTES:
            row.opens = bool(_in_sandbox(sandbox.run, corpus_child.opened, str(path)).get("pages"))
        self.spent.begin()
        start = time.perf_counter()
        intake = repaired = None
        try:
            intake = accept(SimpleUploadedFile(f"document{path.suffix.lower()}", content))
            row.outcome = "taken"
            if intake.media_type == PDF:
                repaired = self._signed(intake)
                row.outcome = "signed, repaired" if repaired else "signed"
        except Refused as refused:
            row.outcome, row.sentence = f"refused: {refused.code}", refused.sentence
        except CannotSign as cannot:
            row.outcome, row.sentence = f"not signed: {cannot.code}", cannot.sentence
        thread = threading.get_ident()
        row.waited = time.perf_counter() - start
        row.seconds, row.mib = self.spent.seconds[thread], self.spent.mib[thread]
        if intake is not None:
            with intake:
                if repaired is not None:
                    _judge(row, intake, path, content, repaired=repaired)
        return row

    def _signed(self, intake: Intake) -> bool:
        """Sign the last page; returns whether the file was repaired."""
        from django.utils import timezone

        from signing.pdf.placement import Placement
        from signing.pdf.sign import sign
        from signing.pdf.stamp import StampContent

        return sign(
            intake,
            placement=Placement(page=intake.page_count, x=CENTRE[0], y=CENTRE[1], width=STAMP_WIDTH),
            credential=self.credential,
            appearance=StampContent(image_png=None, signer_name=SIGNER, professional_number=NUMBER),
            signing_time=timezone.now(),
        ).repaired


def _judge(row: Row, intake: Intake, path: Path, content: bytes, *, repaired: bool) -> None:
    from bench import corpus_child
    from files.sandbox import run

    page, signed = intake.page_count, str(intake.path)
    judgement = _in_sandbox(run, corpus_child.judged, signed, False)
    strict = _in_sandbox(run, corpus_child.judged, signed, True)
    row.pyhanko = "ok" if judgement.get("valid") and judgement.get("whole") else str(judgement.get("why"))
    row.sentence = "" if strict.get("valid") else f"(read strictly: {strict.get('why')})"
    row.pdfsig = _pdfsig(intake.path)
    before = _in_sandbox(run, corpus_child.shown, str(path), page, STAMP)
    after = _in_sandbox(run, corpus_child.shown, signed, page, STAMP)
    count = _in_sandbox(run, corpus_child.opened, signed).get("pages")
    changed = _difference(before, after) or ("" if count == page else f"now {count}")
    row.pages = f"changed: {changed}" if changed else "ok"
    with intake.path.open("rb") as file:
        is_prefix = file.read(len(content)) == content
    row.prefix = "ok" if is_prefix or repaired else "not in front"


def _in_sandbox(run: Any, *question: Any) -> dict[str, Any]:
    """Run `question`, a function of bench.corpus_child, on a document's path with further arguments."""
    from files.sandbox import SandboxError

    try:
        answer: dict[str, Any] = run(*question, reads=[question[1]])
    except SandboxError as error:
        return {"why": f"{type(error).__name__} {error}"}
    return answer


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Which pages look different from before."""
    if "why" in before:
        return ""  # no viewer could show the original
    return ", ".join([page for page in before if before[page] not in (None, after.get(page))][:5])


def _pdfsig(path: Path) -> str:
    try:
        done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return "no answer"
    parts = done.stdout.decode("utf-8", "replace").split("Signature #")
    report = next((part for part in parts if SIGNER in part), parts[-1])
    if "Signature is Valid" not in report:
        return (report.strip().splitlines() or [f"exit {done.returncode}"])[-1].strip()[:60]
    return "ok" if "Total document signed" in report else "not whole"
