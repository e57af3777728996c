"""The test of a use case has the name of its file: `patients/ties.py`, `tests/patients/test_ties.py`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = [
    "accounts",
    "appointments",
    "documents",
    "files",
    "imports",
    "notifications",
    "patients",
    "practices",
    "questionnaires",
    "signing",
    "webhooks",
]
TESTS = {path.stem.removeprefix("test_"): path for path in sorted((ROOT / "tests").rglob("test_*.py"))}
BY = re.compile(r"\bby\b\s*:")  # parsing all modules would take each run of any test two seconds
# Use cases tested through others, or through a page: module -> file of tests/.
BY_ANOTHER_NAME = {
    "accounts/account_links.py": "portals/operator/test_first_run.py",
    "accounts/unlocking.py": "portals/operator/test_operators_pages.py",
    "accounts/mobile.py": "patients/test_own_contacts.py",
    "appointments/importing.py": "imports/test_running.py",
    "appointments/series_messages.py": "appointments/test_series.py",
    "appointments/parties.py": "portals/practitioner/test_who_is_notified.py",
    "documents/readers.py": "documents/receiving/test_asking.py",
    "documents/undoing/acts.py": "documents/test_undo.py",
    "documents/sharing/chasing.py": "documents/test_deliveries.py",
    "documents/sharing/walk_ins.py": "portals/practitioner/test_timeline.py",
    "documents/sharing/reading.py": "portals/patient/test_documents.py",
    "documents/filling/drafts.py": "documents/test_filled.py",
    "documents/consents/drafts.py": "portals/patient/test_consent.py",
    "patients/distinct.py": "portals/practitioner/test_merging.py",
    "imports/steering.py": "imports/test_undoing.py",
    "patients/records.py": "documents/test_corrections.py",
    "patients/relatives.py": "patients/test_proving_again.py",
    "practices/administration.py": "portals/practitioner/test_discreet_name.py",
    "practices/correspondence.py": "portals/practitioner/test_discreet_name.py",
    "practices/set_up.py": "portals/practitioner/test_checklist.py",
    "practices/founding.py": "portals/operator/test_first_run.py",
    "signing/imported_certificates.py": "portals/practitioner/test_certificate.py",
    "webhooks/endpoints.py": "webhooks/test_webhooks.py",
}


def has_use_case(module: Path) -> bool:
    """Whether one of its public functions has the keyword `by`, for who acts."""
    text = module.read_text(encoding="utf-8")
    return BY.search(text) is not None and any(
        isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and "by" in {argument.arg for argument in node.args.kwonlyargs}
        for node in ast.parse(text).body
    )


MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts and has_use_case(path)
)


# A test with the whole name of another module is that module's.
STEMS = {path.stem for room in ROOMS for path in (ROOT / room).rglob("*.py")}


@pytest.mark.parametrize("module", MODULES)
def test_the_test_of_a_use_case_is_found_from_its_files_name(module: str) -> None:
    words = re.compile(rf"(?:^|_){Path(module).stem.removesuffix('s')}(?:s|ing)?(?:_|$)")
    found = [stem for stem in TESTS if words.search(stem) and (stem == Path(module).stem or stem not in STEMS)]
    if module in BY_ANOTHER_NAME:
        assert not found, f"{module} has a test by its name now"
        assert (ROOT / "tests" / BY_ANOTHER_NAME[module]).is_file()
    else:
        assert found, f"Name a test file after {module}, or say in BY_ANOTHER_NAME where its test is"


def test_no_module_that_is_gone_is_listed() -> None:
    assert set(BY_ANOTHER_NAME) <= set(MODULES)
