"""Signs several files that this software has printed, in one child, with the limits of a single one.

Only for papers of our own making: the child that reads one of them also reads and writes the others
(docs/decisions/0060). A file that can't be signed among others is signed again in a child of its own, as
signing.pdf.sign does: one file's failure is its own, with its own limits.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from files import answers, sandbox
from files.answers import Refusal, WrongForm
from files.intake import Intake
from signing.pdf import signature_answers, signing_child
from signing.pdf.credentials import Credential
from signing.pdf.keys import KeyUnavailable, WrongUse, answer_to
from signing.pdf.pades import BASELINE, LevelWanted
from signing.pdf.placement import InvalidPlacement, Placement
from signing.pdf.sign import (
    CPU_SECONDS,
    WALL_SECONDS,
    CannotSign,
    SignedIntake,
    check_ours,
    job_of,
    sandbox_failures_as_refusals,
    sign_with,
    stamp_of,
    stamp_sentence,
    stamp_without,
)
from signing.pdf.signature_answers import SignedFile
from signing.pdf.signing_child import SigningJob
from signing.pdf.stamp import Stamp, StampContent

logger = logging.getLogger(__name__)
MOST = 10  # files of one child, each with one question: below files.sandbox.MAX_QUESTIONS

Placed = tuple[Intake, Placement]
Result = SignedIntake | CannotSign | InvalidPlacement | OSError  # of one file; OSError: no room


def sign_each(
    files: Sequence[Placed],
    *,
    credential: Credential,
    appearance: StampContent,
    signing_time: datetime,
    wanted: LevelWanted = BASELINE,
) -> list[Result]:
    """Sign each file in place, as signing.pdf.sign.sign; what that would raise for one file is its result here.

    Raises CannotSign if the stamp can't be composed.
    """
    if missing := stamp_without(appearance):
        raise CannotSign("letters_missing", stamp_sentence(missing))
    with sandbox_failures_as_refusals(", ".join(intake.name for intake, _placement in files)):
        stamp = stamp_of(appearance, signing_time)
    alone = partial(
        _signed_alone, credential=credential, stamp=stamp, signer_name=appearance.signer_name, wanted=wanted
    )
    if wanted.level != BASELINE.level:  # an authority on the network may take as long as a child may
        return [alone(each) for each in files]
    results: list[Result] = []
    for first in range(0, len(files), MOST):
        some = files[first : first + MOST]
        together = _signed_together(some, credential, stamp, appearance.signer_name)
        results += [signed or alone(each) for each, signed in zip(some, together, strict=True)]
    return results


def _signed_alone(
    placed: Placed, *, credential: Credential, stamp: Stamp, signer_name: str, wanted: LevelWanted
) -> Result:
    intake, placement = placed
    try:
        return sign_with(
            intake, placement=placement, credential=credential, stamp=stamp, signer_name=signer_name, wanted=wanted
        )
    except (CannotSign, InvalidPlacement, OSError) as error:
        return error


def _signed_together(
    files: Sequence[Placed], credential: Credential, stamp: Stamp, signer_name: str
) -> list[SignedIntake | None]:
    """None for each file that is to be tried alone; its bytes are as they were."""
    if len(files) < 2:
        return [None] * len(files)
    paths = [intake.path for intake, _placement in files]
    jobs = [job_of(placement, credential, stamp, signer_name) for _intake, placement in files]
    printed = [path.stat().st_size for path in paths]
    signed: Sequence[SignedFile | Refusal | None]
    try:
        signed = _answers(paths, jobs, credential)
    except (sandbox.SandboxError, KeyUnavailable, WrongUse) as error:
        logger.warning("%s documents could not be signed together: %s %s", len(files), type(error).__name__, error)
        signed = [None] * len(files)
    results: list[SignedIntake | None] = []
    for (intake, _placement), size, each in zip(files, printed, signed, strict=True):
        if isinstance(each, SignedFile):
            results.append(SignedIntake.of(intake, each))
        else:
            os.truncate(intake.path, size)
            results.append(None)
    return results


def _answers(paths: Sequence[Path], jobs: Sequence[SigningJob], credential: Credential) -> list[SignedFile | Refusal]:
    """Raises files.sandbox.SandboxError, KeyUnavailable, WrongUse."""
    answer = sandbox.run(
        signing_child.sign_files,
        list(map(str, paths)),
        list(jobs),
        reads=jobs[0].stamp.fonts,
        writes=paths,
        wall_seconds=WALL_SECONDS,
        cpu_seconds=CPU_SECONDS,
        answering=partial(answer_to, certificate=credential.certificate, key=credential.key),
    )
    listed = answers.entry(answers.fields(answer), "files")
    signed = answers.sequence(listed, signature_answers.signed_file, most=len(jobs))
    if len(signed) != len(jobs):
        raise WrongForm("not an answer for each file")
    for each in signed:
        check_ours(each, credential, BASELINE)
    return signed
