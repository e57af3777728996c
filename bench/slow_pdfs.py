"""Small PDFs that are expensive to read, each kind for another part of a reader. Made by hand: no library writes
such."""

from __future__ import annotations

import zlib
from collections.abc import Callable

CATALOGUE = b"<</Type/Catalog/Pages 2 0 R%s>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]%s>>"
FONT = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"


def pdf_of(objects: dict[int, bytes], *, trailer: bytes = b"") -> bytes:
    """A PDF of these objects (the catalogue is 1), a cross-reference table and a trailer."""
    content, places = b"%PDF-1.7\n", {}
    for number, body in objects.items():
        places[number] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size = max(objects) + 1
    lines = [
        b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
        for number in range(size)
    ]
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, len(content))
    return content + b"xref\n0 %d\n" % size + b"".join(lines) + end


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(packed), entries, packed)


def one_page(contents: bytes, **more: bytes) -> bytes:
    objects = {
        1: CATALOGUE % more.get("catalogue", b""),
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: PAGE % (FONT + b"/Contents 4 0 R" + more.get("page", b"")),
        4: contents,
    }
    return pdf_of(objects)


def pages_full_of_text(shows: int = 3_000_000) -> bytes:
    """Three pages that show one letter so many times, compressed to a thousandth."""
    return pdf_of(
        {
            1: CATALOGUE % b"",
            2: b"<</Type/Pages/Kids[4 0 R 5 0 R 6 0 R]/Count 3>>",
            3: stream(b"BT /F1 8 Tf " + b"(a)Tj " * shows + b"ET"),
            **dict.fromkeys((4, 5, 6), PAGE % (FONT + b"/Contents 3 0 R")),
        }
    )


def forms_within_forms(depth: int = 12, each: int = 10) -> bytes:
    """A page that draws a form ten times, which draws another ten times, and so on."""
    objects = {
        1: CATALOGUE % b"",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: PAGE % b"/Resources<</XObject<</X 5 0 R>>>>/Contents 4 0 R",
        4: stream(b"/X Do " * each),
    }
    for level in range(depth):
        inner = b"/Resources<</XObject<</X %d 0 R>>>>" % (6 + level)
        objects[5 + level] = stream(b"/X Do " * each, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]" + inner)
    objects[5 + depth] = stream(b"0 0 m 9 9 l S", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return pdf_of(objects)


def deep_page_tree(depth: int = 60_000) -> bytes:
    objects = {1: CATALOGUE % b""}
    for level in range(depth):
        parent = b"/Parent %d 0 R" % (1 + level) if level else b""
        objects[2 + level] = b"<</Type/Pages/Kids[%d 0 R]/Count 1%s>>" % (3 + level, parent)
    objects[2 + depth] = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]>>" % (1 + depth)
    return pdf_of(objects)


def page_tree_in_a_circle(width: int = 200) -> bytes:
    kids = b"2 0 R " * width
    return pdf_of({1: CATALOGUE % b"", 2: b"<</Type/Pages/Kids[%s3 0 R]/Count 4000>>" % kids, 3: PAGE % b""})


def many_pages(count: int = 4_900) -> bytes:
    """The same page so many times in the tree."""
    kids = b"3 0 R " * count
    return pdf_of({1: CATALOGUE % b"", 2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count), 3: PAGE % b""})


def many_updates(count: int = 4_000, *, circle: bool = False) -> bytes:
    """So many cross-reference sections, each naming the one before, and the first one the last: a loop."""
    content = pdf_of({1: CATALOGUE % b"", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: PAGE % b""})
    before = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    made = bytearray(content)
    for _ in range(count):
        place = len(made)
        made += b"3 0 obj\n%s\nendobj\n" % (PAGE % b"")
        table = len(made)
        made += b"xref\n3 1\n%010d 00000 n \ntrailer\n<</Size 4/Root 1 0 R/Prev %d>>\n" % (place, before)
        made += b"startxref\n%d\n%%%%EOF\n" % table
        before = table
    if circle:
        made = bytearray(bytes(made).replace(b"/Root 1 0 R>>", b"/Root 1 0 R/Prev %d>>" % before))
    return bytes(made)


def many_signatures(count: int = 5_000) -> bytes:
    """Fields whose signatures are garbage."""
    return _with_fields(
        count,
        b"<</FT/Sig/T(s%d)/V<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange[0 9 19 9]"
        b"/Contents<3080>>>>>",
    )


def fields_in_a_chain(depth: int = 20_000) -> bytes:
    """A chain of fields, each the only kid of the one before."""
    objects = {
        1: CATALOGUE % b"/AcroForm<</Fields[4 0 R]/SigFlags 3>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: PAGE % b"",
    }
    for level in range(depth):
        objects[4 + level] = b"<</T(f)/Kids[%d 0 R]>>" % (5 + level)
    objects[4 + depth] = b"<</FT/Sig/T(s)>>"
    return pdf_of(objects)


def fields_in_a_circle() -> bytes:
    """Two fields, each ten times the kid of the other."""
    kids = b"/Kids[" + b"5 0 R 4 0 R " * 10 + b"]"
    return pdf_of(
        {
            1: CATALOGUE % b"/AcroForm<</Fields[4 0 R]/SigFlags 3>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: PAGE % b"",
            4: b"<</T(a)" + kids + b">>",
            5: b"<</T(b)" + kids + b">>",
        }
    )


def _with_fields(count: int, field: bytes) -> bytes:
    fields = b"".join(b"%d 0 R " % (4 + number) for number in range(count))
    return pdf_of(
        {
            1: CATALOGUE % (b"/AcroForm<</Fields[" + fields + b"]/SigFlags 3>>"),
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: PAGE % b"",
            **{4 + number: field % number for number in range(count)},
        }
    )


def nested_arrays(depth: int = 200_000) -> bytes:
    """Nested arrays in the catalogue, where every reader begins."""
    return one_page(stream(b""), catalogue=b"/Deep " + b"[" * depth + b"]" * depth)


def a_long_string(size: int = 20_000_000) -> bytes:
    """A long string in the catalogue, in parentheses, which readers parse character by character."""
    return one_page(stream(b""), catalogue=b"/Long(" + b"a\\(" * (size // 3) + b")")


def filters_in_a_chain(times: int = 40, size: int = 30_000_000) -> bytes:
    """Zeros compressed again and again."""
    content = bytes(size)
    for _ in range(times):
        content = zlib.compress(content, 9)
    filters = b"/Filter[" + b"/FlateDecode" * times + b"]"
    return one_page(b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), filters, content))


def an_object_stream(count: int = 400_000) -> bytes:
    """The pages are in an object stream of so many objects, with a cross-reference stream."""
    page = PAGE % b""
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    bodies = [pages, page, *[b"0"] * (count - 2)]
    heads, place, rest = [], 0, []
    for number, body in enumerate(bodies):
        heads.append(b"%d %d" % (2 + number, place))
        rest.append(body)
        place += len(body) + 1
    head = b" ".join(heads) + b" "
    holder = 2 + count
    content = b"%PDF-1.7\n"
    catalogue_at = len(content)
    content += b"1 0 obj\n%s\nendobj\n" % (CATALOGUE % b"")
    holder_at = len(content)
    inner = stream(head + b" ".join(rest), b"/Type/ObjStm/N %d/First %d" % (count, len(head)))
    content += b"%d 0 obj\n%s\nendobj\n" % (holder, inner)
    table_at = len(content)
    rows = [b"\0" * 8, b"\1" + catalogue_at.to_bytes(4) + bytes(3)]
    rows += [b"\2" + holder.to_bytes(4) + number.to_bytes(3) for number in range(count)]
    rows += [b"\1" + holder_at.to_bytes(4) + bytes(3), b"\1" + table_at.to_bytes(4) + bytes(3)]
    entries = b"/Type/XRef/W[1 4 3]/Size %d/Root 1 0 R" % len(rows)
    content += b"%d 0 obj\n%s\nendobj\n" % (holder + 1, stream(b"".join(rows), entries))
    return content + b"startxref\n%d\n%%%%EOF\n" % table_at


def many_annotations(count: int = 150_000) -> bytes:
    """A page with the same annotation so many times, which has a chain of actions."""
    action = b"<</S/JavaScript/JS(x)/Next<</S/URI/URI(http://a)>>>>"
    return pdf_of(
        {
            1: CATALOGUE % b"",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: PAGE % (b"/Annots[" + b"4 0 R " * count + b"]"),
            4: b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A " + action + b">>",
        }
    )


def no_cross_references(count: int = 300_000) -> bytes:
    """Objects without cross-references: readers must search for each."""
    return (
        b"%PDF-1.7\n"
        + b"".join(b"%d 0 obj\n<<>>\nendobj\n" % number for number in range(4, count))
        + (
            b"1 0 obj\n%s\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n%s\nendobj\n"
            b"trailer\n<</Root 1 0 R>>\n" % (CATALOGUE % b"", PAGE % b"")
        )
    )


SLOW: dict[str, Callable[[], bytes]] = {
    made.__name__: made
    for made in (
        *(pages_full_of_text, forms_within_forms, deep_page_tree, page_tree_in_a_circle, many_pages, many_updates),
        *(many_signatures, fields_in_a_chain, fields_in_a_circle, nested_arrays, a_long_string, filters_in_a_chain),
        *(an_object_stream, many_annotations, no_cross_references),
    )
} | {"updates_in_a_circle": lambda: many_updates(1_000, circle=True)}
