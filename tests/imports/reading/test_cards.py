"""vCard 3 and 4."""

from __future__ import annotations

from imports.reading.cards import COLUMNS, read_cards
from imports.reading.headings import Field

CARDS = r"""BEGIN:VCARD
VERSION:3.0
N:Durand;Marie\, Ève;;;
FN:Marie Durand
item1.TEL;TYPE=CELL,VOICE:06 12 34 56 78
TEL;TYPE=HOME:01 02 03 04 05
EMAIL;TYPE=INTERNET:marie@
 example.fr
BDAY:1950-03-12T00:00:00Z
PHOTO;ENCODING=b:AAAA
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Hugo Martin
TEL;VALUE=uri;TYPE="voice,cell":tel:+33612345679
EMAIL:second@example.fr
EMAIL;PREF=1:first@example.fr
BDAY:19610402
END:VCARD
BEGIN:VCARD
this is no property
"""


def test_cards() -> None:
    first, second = read_cards(iter(CARDS.splitlines(keepends=True)))
    assert dict(zip(COLUMNS, first.cells, strict=True)) == {
        Field.LAST_NAME: "Durand",
        Field.FIRST_NAME: "Marie, Ève",
        Field.FIRST_LAST: "",
        Field.BIRTH_DATE: "1950-03-12",
        Field.MOBILE: "06 12 34 56 78",
        Field.TELEPHONE: "",
        Field.EMAIL: "marie@example.fr",
    }
    assert second.line == 12
    assert second.cells == ["", "", "Hugo Martin", "19610402", "+33612345679", "", "first@example.fr"]
