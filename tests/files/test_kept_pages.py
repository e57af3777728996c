"""Pages are drawn and read once, kept as long as their file, and never longer."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pikepdf
import pytest
from django.db import connection

from docshare.demo.letters import letter
from files import kept_pages, preview, sandbox, storage
from files.models import KeptPage, StoredFile
from tests.conftest import PDF

pytestmark = pytest.mark.django_db
Keep = Callable[..., StoredFile]


def of_two_pages() -> bytes:
    buffer = io.BytesIO()
    with (
        pikepdf.open(io.BytesIO(letter("Compte rendu", ["Page une"], heading="Autre cabinet"))) as document,
        pikepdf.open(io.BytesIO(letter("Compte rendu", ["Page deux, qui dit autre chose"], heading="X"))) as second,
    ):
        document.pages.append(second.pages[0])
        document.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def stored(keep: Keep) -> StoredFile:
    return keep(PDF, "ordonnance.pdf")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions of the children that were started."""
    started: list[str] = []
    run = sandbox.run

    def counted(function: Any, *args: Any, **kwargs: Any) -> Any:
        started.append(function.__name__)
        return run(function, *args, **kwargs)

    monkeypatch.setattr(sandbox, "run", counted)
    return started


def test_a_page_is_drawn_once_for_each_width_and_read_once(stored: StoredFile, children: list[str]) -> None:
    first = preview.page_image(stored, page=1, width=60)
    assert preview.page_image(stored, page=1, width=60) == first
    assert preview.page_image(stored, page=1, width=80) != first
    assert children == ["render_page", "render_page"]
    texts = preview.page_texts(stored, pages=3)
    assert preview.page_texts(stored, pages=3) == texts
    assert "Paracétamol" in texts[0]
    assert preview.page_texts(stored, pages=1) == texts[:1]
    assert children == ["render_page", "render_page", "page_texts"]


def test_what_other_code_drew_is_drawn_again(
    stored: StoredFile, children: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    preview.page_image(stored, page=1, width=60)
    monkeypatch.setattr(kept_pages, "DRAWING", kept_pages.DRAWING + 1)
    preview.page_image(stored, page=1, width=60)
    preview.page_image(stored, page=1, width=60)
    assert len(children) == 2
    assert KeptPage.objects.count() == 1


def test_a_child_that_failed_leaves_nothing_behind(stored: StoredFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise sandbox.SandboxError("away")

    with monkeypatch.context() as broken:
        broken.setattr(sandbox, "run", fails)
        assert preview.page_texts(stored, pages=1) == [""]
        with pytest.raises(preview.NoPreview):
            preview.page_image(stored, page=1, width=60)
    assert not KeptPage.objects.exists()
    assert "Paracétamol" in preview.page_texts(stored, pages=1)[0]


def test_a_page_that_is_not_there_is_not_kept(stored: StoredFile) -> None:
    with pytest.raises(preview.NoPreview):
        preview.page_image(stored, page=2, width=60)
    assert not KeptPage.objects.exists()


def test_changed_bytes_are_refused_although_their_page_is_kept(stored: StoredFile) -> None:
    preview.page_image(stored, page=1, width=60)
    preview.page_texts(stored, pages=1)
    storage.remove(stored.key)
    with pytest.raises((storage.BytesChanged, FileNotFoundError)):
        preview.page_image(stored, page=1, width=60)
    with pytest.raises((storage.BytesChanged, FileNotFoundError)):
        preview.page_texts(stored, pages=1)


def test_kept_pages_go_with_their_file(stored: StoredFile, keep: Keep) -> None:
    other = keep(PDF + b"\n", "autre.pdf")
    for each in (stored, other):
        preview.page_image(each, page=1, width=60)
        preview.page_texts(each, pages=1)
    storage.purge(stored)
    assert set(KeptPage.objects.values_list("file", flat=True)) == {other.pk}


def test_of_a_file_that_is_gone_nothing_is_kept(stored: StoredFile) -> None:
    there = StoredFile.objects.get(pk=stored.pk)
    storage.purge(stored)
    kept_pages.keep(there, width=60, contents={1: "picture"})
    assert not KeptPage.objects.exists()


def test_what_was_kept_of_another_page_is_made_again(keep: Keep, children: list[str]) -> None:
    """Whoever can write to the database, but has no key, cannot show a page of another file, of another number or of
    another width."""
    one, other = keep(PDF, "ordonnance.pdf"), keep(of_two_pages(), "autre.pdf")
    drawn = {
        (page, width): preview.page_image(other, page=page, width=width) for page in (1, 2) for width in (60, 80)
    }
    text = preview.page_texts(other, pages=2)
    own, own_text = preview.page_image(one, page=1, width=60), preview.page_texts(one, pages=1)
    made = len(children)
    rows = KeptPage.objects.filter(file=other)
    for row, wrong in ((1, 60), rows.get(number=2, width=60)), ((2, 60), rows.get(number=2, width=80)):
        number, width = row
        rows.filter(number=number, width=width).update(content=wrong.content)
        assert preview.page_image(other, page=number, width=width) == drawn[row]
    KeptPage.objects.filter(file=one, width=60).update(content=rows.get(number=1, width=60).content)
    KeptPage.objects.filter(file=one, width=kept_pages.TEXT).update(
        content=rows.get(number=1, width=kept_pages.TEXT).content
    )
    assert preview.page_image(one, page=1, width=60) == own
    assert preview.page_texts(one, pages=1) == own_text != text[:1]
    assert len(children) == made + 4


@pytest.mark.parametrize("page", [0, -1, 2**31, 2**63, 10**30])
def test_there_is_no_page_of_a_number_that_no_document_has(stored: StoredFile, page: int) -> None:
    with pytest.raises(preview.NoPreview):
        preview.page_image(stored, page=page, width=60)


@pytest.mark.servers("SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_keeping_a_page_never_stops_the_deletion_of_its_file(stored: StoredFile) -> None:
    """In a second process while the first is about to delete the row: nothing is left, nobody fails."""
    kept = threading.Event()
    faults: list[BaseException] = []

    def delete() -> None:
        with closing(connection):
            try:
                assert kept.wait(10)  # it has already looked for what refers to the file
                StoredFile.objects.filter(pk=stored.pk)._raw_delete(using="default")
            except BaseException as error:
                faults.append(error)

    thread = threading.Thread(target=delete)
    thread.start()
    kept_pages.keep(stored, width=60, contents={1: "picture"})
    kept.set()
    thread.join()
    assert faults == []
    assert not KeptPage.objects.exists()
    kept_pages.keep(stored, width=60, contents={1: "picture"})  # comes too late
    assert not KeptPage.objects.exists()
