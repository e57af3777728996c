"""Updates that two readers may understand differently."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.signing.changed import documents as d
from tests.signing.changed.documents import Update, current, document, stream
from tests.signing.changed.kinds import PROOF, Kind, changed, more, packed, put, store, whole
from tests.signing.changed.signatures import encrypted_once
from tests.signing.changed.signers import signers


def hidden_in_signed() -> bytes:
    """The signed bytes contain a second content for the page, which no cross-reference listed."""
    base = document()
    secret = b"11 0 obj\n" + stream(d.PAINT) + b"\nendobj\n"
    base = base.replace(b"5 0 obj\n", secret + b"5 0 obj\n", 1)
    moved = base.index(secret)
    start = base.rindex(b"xref\n0 1")

    def later(line: re.Match[bytes]) -> bytes:
        offset = int(line[1])
        return b"%010d" % (offset + len(secret) if offset >= moved else offset) + line[2]

    table = re.sub(rb"(\d{10})( 00000 n)", later, base[start:])
    base = base[:start] + re.sub(rb"startxref\n\d+", b"startxref\n%d" % start, table)
    signed = signers().sign_again(base, signers().alice, "Alice")
    update = Update(signed)
    update.put(d.CONTENT, b"null")
    content = update.done()
    at = signed.index(secret)
    own = content.rindex(b"11 0 obj\nnull")
    listed = content.replace(b"%010d 00000 n \n" % own, b"%010d 00000 n \n" % at)
    return listed.replace(b"11 0 obj\nnull\nendobj\n", b" " * len(b"11 0 obj\nnull\nendobj\n"))


def hybrid() -> bytes:
    """A cross-reference stream beside the table: some readers use it first."""
    update = Update(whole())
    proof = update.put(None, PROOF)
    entries = update._section_stream({d.CONTENT: (len(whole()), 0)}, None, b"/Root 1 0 R", len(whole()) + 999)
    content = update.done(before_table=b"")
    place = content.rindex(b"xref\n0 1")
    body = content[:place] + entries + content[place:]
    body = re.sub(rb"(trailer\n<< /Size \d+)(?!.*trailer)", rb"\g<1> /XRefStm %d" % place, body, flags=re.DOTALL)
    body = body[: body.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % (place + len(entries))
    assert proof
    return body


def two_ends() -> bytes:
    """A second end of file, in a comment, that leads to another list of objects."""
    return changed(lambda u: u.put(None, PROOF), before_table=b"% startxref 15 %%EOF\n")()


def twice_in_table() -> bytes:
    content = put(d.UNUSED, d.parts()[d.UNUSED])()
    line = re.findall(rb"24 1\n\d{10} 00000 n \n", content)[-1]
    place = content.rindex(line)
    start = content.rindex(b"xref\n0 1")
    assert place > start
    return bytes(content[:place] + line + content[place:])


def another_generation(update: Update) -> None:
    update.put(d.CONTENT, stream(d.PAINT))
    update.generations[d.CONTENT] = 1


def skipped() -> bytes:
    """An update that the next one does not refer to: readers that search the file find its objects."""
    first = Update(whole())
    first.put(d.CONTENT, stream(d.PAINT))
    second = Update(first.done())
    second.put(None, PROOF)
    return second.done(previous=Update(whole()).previous)


def container_replaced() -> bytes:
    update = Update(packed())
    reader = re.findall(rb"(\d+) 0 obj\n<< /Type /ObjStm", packed())
    objects = d.parts() | {d.RESOURCES: b"<< /Font << /F1 10 0 R >> >>"}
    small = {number: body for number, body in objects.items() if b"stream\n" not in body}
    update.next = int(reader[0])
    update.pack(small)
    container = update._packed_container()
    update.packed = {}
    update.next = Update(packed()).next
    assert container == int(reader[0])
    return update.done(as_stream=True)


def in_object_stream(objects: dict[int, bytes]) -> Callable[[], bytes]:
    def make() -> bytes:
        update = Update(packed())
        update.pack(objects)
        return update.done(as_stream=True)

    return make


def wider_gap() -> bytes:
    """The unsigned gap is larger than the signature: bytes beside it can be changed."""
    content = changed(lambda u: u.put(None, PROOF))()
    found = re.findall(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\]", content.replace(b"[ ", b"[").replace(b" ]", b"]"))
    assert found
    start, rest, length = map(int, found[-1])
    old = re.findall(rb"/ByteRange \[ ?0 +%d +%d +%d *\]" % (start, rest, length), content)[-1]
    new = b"/ByteRange [0 %d %d %d" % (start - 1, rest, length)
    return content.replace(old, new + b" " * (len(old) - len(new) - 1) + b"]")


def unknown_row() -> bytes:
    """The cross-reference row of the page's content has an unknown type: null for some readers, unchanged for
    others."""
    update = Update(packed())
    update.put(None, PROOF)
    content = update.done(as_stream=True)
    start = update_start(content)
    stated, own = re.findall(rb"/Index \[([^\]]*)\]", content[start:])[-1], int(content[start:].split()[0])
    rows = content[start:].split(b"stream\n", 1)[1].split(b"\nendstream", 1)[0]
    entries = b"/Type /XRef /W [1 4 2] /Index [%d 1 %b] /Size %d" % (d.CONTENT, stated, own + 1)
    entries += b" /Root 1 0 R /Info 23 0 R /Prev %d" % Update(packed()).previous
    more = stream(b"\3\0\0\0\0\0\0" + rows, entries)
    return content[:start] + b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (own, more, start)


def update_start(content: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", content)[-1])


def decoy() -> bytes:
    """The gap follows an object inside a string inside the object that refers to it."""
    page = b"<< /Type /Page /Parent 2 0 R /Contents [14 0 R (25 0 obj null endobj) 900 0 R] /Resources 12 0 R >>"
    base = document(o6=page, o25=b"null")
    inside, outside = base.index(b"25 0 obj null"), base.rindex(b"25 0 obj")
    base = base.replace(b"%010d 00000 n" % outside, b"%010d 00000 n" % inside)
    update = Update(signers().sign_again(base, signers().alice, "Alice"))
    update.put(d.LEFT_OPEN, stream(d.PAINT))
    return update.done()


def twice_before() -> bytes:
    """When signed, the page had two lists of annotations: viewers use one or the other."""
    page = d.parts()[d.FIRST].replace(b"/Annots 13 0 R", b"/Annots 25 0 R /Annots 13 0 R")
    signed = signers().sign_again(document(o5=page, o25=b"[7 0 R]"), signers().alice, "Alice")
    update = Update(signed)
    update.put(d.FIRST, d.parts()[d.FIRST].replace(b"/Annots 13 0 R", b"/Annots 25 0 R"))
    return update.done()


def encryption_changed() -> bytes:
    """Encrypted streams are then read as they are."""
    signed = encrypted_once()
    trailer = re.findall(rb"trailer.*?startxref", signed, re.DOTALL)[-1]
    number, stated = re.findall(rb"/Encrypt (\d+) 0 R", trailer)[0], re.findall(rb"/ID \[.*?\]", trailer)[0]
    update = Update(signed)
    update.edit(int(number), b"/StmF /StdCF", b"/StmF /Identity")
    before, after = signed, update.done(trailer=b"/Encrypt %b 0 R %b" % (number, stated))
    return before + after[len(before) :].replace(b"/Info 23 0 R", b"/Info 2 0 R")


SECTION = "How the update is written"


def objects_and_tables() -> Iterator[Kind]:
    named = b"%iText-5.5.13 (AGPL-version)\n"
    yield Kind(
        SECTION, "the name of the program that wrote it, in a comment", "validation", changed(store, comment=named)
    )
    yield Kind(
        SECTION,
        "a comment that ends the file elsewhere",
        "other",
        changed(store, comment=b"% startxref 15\n"),
        "without end",
    )
    yield Kind(SECTION, "bytes behind the end", "other", lambda: whole() + b"% anything\n", "no revision")
    yield Kind(
        SECTION,
        "an object of the page in an object stream",
        "other",
        in_object_stream({d.COLOURS: b"/DeviceRGB"}),
        "object 19 changed",
    )
    yield Kind(
        SECTION,
        "an object stream replaced that holds signed objects",
        "other",
        container_replaced,
        "object stream replaced",
    )
    yield Kind(
        SECTION,
        "a second content hidden among what was signed, listed later",
        "other",
        hidden_in_signed,
        "among what was signed",
    )
    yield Kind(SECTION, "an object in another generation", "other", changed(another_generation), "another generation")
    yield Kind(SECTION, "a table with a stream of cross-references beside it (hybrid)", "other", hybrid, "two kinds")
    yield Kind(SECTION, "an object twice in one table", "other", twice_in_table, "twice in a table")


def what_no_table_lists() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "an object that no table lists",
        "other",
        changed(lambda u: u.put(None, PROOF), before_table=b"11 0 obj\n" + stream(d.PAINT) + b"\nendobj\n"),
        "between objects",
    )
    yield Kind(
        SECTION,
        "an object inside another’s stream",
        "other",
        changed(lambda u: u.put(None, stream(b"11 0 obj\n" + stream(d.PAINT) + b"\nendobj"))),
        "inside another",
    )
    yield Kind(SECTION, "an update that the next one leaves out", "other", skipped, "")
    yield Kind(SECTION, "a second end of the file in a comment", "other", two_ends, "between objects")
    yield Kind(
        SECTION,
        "a trailer inside a stream",
        "other",
        changed(lambda u: u.put(None, stream(b"trailer << /Root 9 0 R >>"))),
        "a trailer inside",
    )
    yield Kind(
        SECTION,
        "an entry twice in a dictionary",
        "other",
        changed(lambda u: u.put(d.FIRST, b"<< /Contents 11 0 R " + current(whole(), d.FIRST)[2:])),
        "an entry twice",
    )
    yield Kind(
        SECTION, "a row of an unknown kind in a stream of cross-references", "other", unknown_row, "rows that readers"
    )
    yield Kind(SECTION, "content for a place left open, referred to from behind a decoy", "other", decoy, "left open")
    yield Kind(
        SECTION, "an entry that was there twice when it was signed, now once", "other", twice_before, "an entry twice"
    )
    yield Kind(
        SECTION, "an entry’s name in disguise (/Con#74ents)", "other", more(d.FIRST, b"/Con#74ents 17 0 R"), ""
    )


def lengths_and_trailers() -> Iterator[Kind]:
    yield Kind(
        SECTION,
        "a comment inside an object",
        "other",
        changed(lambda u: u.put(d.CATALOG, current(whole(), 1).replace(b"<<", b"<< % /OpenAction\n", 1))),
        "understand differently",
    )
    yield Kind(
        SECTION,
        "a stream longer than it says",
        "other",
        changed(lambda u: u.put(None, b"<< /Length 3 >>\nstream\nmore than that\nendstream")),
        "",
    )
    yield Kind(
        SECTION,
        "another catalog",
        "other",
        changed(lambda u: u.put(d.UNUSED, current(whole(), 1)), root=d.UNUSED),
        "another catalog",
    )
    yield Kind(
        SECTION,
        "encryption added",
        "unreadable",
        changed(
            lambda u: u.put(None, PROOF), trailer=b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P 0 >>"
        ),
        "",
    )
    yield Kind(
        SECTION, "the encryption’s own entries changed in place", "other", encryption_changed, "decrypted with"
    )
    yield Kind(
        SECTION,
        "entries of the trailer that are not known here",
        "not_judged",
        changed(lambda u: u.put(None, PROOF), trailer=b"/Else true"),
    )
    yield Kind(SECTION, "a gap in what is signed that is wider than the signature", "other", wider_gap, "")


def rows() -> Iterator[Kind]:
    yield from objects_and_tables()
    yield from what_no_table_lists()
    yield from lengths_and_trailers()
