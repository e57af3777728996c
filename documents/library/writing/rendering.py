"""Renders HTML as tagged PDF/A-2a and PDF/UA-1, in a child of the sandbox. Imports no Django; fetches nothing.

Opens only the addresses in `files`, given by the caller: fonts and pictures of the library.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from types import MethodType
from typing import Any
from xml.etree import ElementTree as ET

from PIL import ImageFile
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from files.compact_fonts import compact_font_of, with_glyph_numbers_as_cids

# WeasyPrint makes Pillow accept truncated pictures in the whole process: intake must still refuse them.
ImageFile.LOAD_TRUNCATED_IMAGES = False

PARAGRAPHS = {"p", "h1", "h2", "h3", "ul", "ol", "li", "table", "th", "td", "blockquote"}
DIRECTIONS = {"L": "ltr", "R": "rtl", "AL": "rtl"}
ISOLATED = re.compile("\u2068[^\u2069]*\u2069")  # ignored for the direction (Unicode Standard Annex 9, P2)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PDFUAID = "http://www.aiim.org/pdfua/ns/id/"
# PDF/A-2 (ISO 19005-2, 6.6.2.3) requires a description of properties from other standards.
UA_METADATA = f"""<rdf:Description xmlns:rdf="{RDF}" rdf:about="" xmlns:pdfuaid="{PDFUAID}"
  xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
  xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
 <pdfuaid:part>1</pdfuaid:part>
 <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
  <pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
  <pdfaSchema:namespaceURI>{PDFUAID}</pdfaSchema:namespaceURI>
  <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
  <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
   <pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
   <pdfaProperty:category>internal</pdfaProperty:category>
   <pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
  </rdf:li></rdf:Seq></pdfaSchema:property>
 </rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>"""


class _OnlyThese(URLFetcher):
    """Serves only the given addresses; any other ends the rendering."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__(allowed_protocols=[])
        self.files = files

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url not in self.files:
            raise FatalURLFetchingError("an address that was not given")
        return URLFetcherResponse(url, body=Path(self.files[url]).read_bytes())


def render(html: str, files: dict[str, str], output: str) -> dict[str, int]:
    """Write the PDF to `output`; returns the number of pages. `files`: address -> path. Called in the sandbox.

    Raises ValueError if the text refers to an address that is not in `files`.
    """
    page = HTML(string=html, base_url="docshare:", url_fetcher=_OnlyThese(files))
    _set_directions(page.etree_element)
    try:
        document = page.render(font_config=FontConfiguration())
    except FatalURLFetchingError as error:
        raise ValueError("an address that was not given") from error
    metadata = document.metadata
    plain = metadata.generate_rdf_metadata

    def with_ua(_self: object, *args: Any) -> bytes:
        rdf = ET.fromstring(plain(*args))  # noqa: S314  # WeasyPrint wrote it a line ago
        rdf.append(ET.fromstring(UA_METADATA))  # noqa: S314  # ours
        written: bytes = ET.tostring(rdf, encoding="utf-8")
        return written

    metadata.generate_rdf_metadata = MethodType(with_ua, metadata)
    document.write_pdf(output, pdf_variant="pdf/a-2a", pdf_tags=True, finisher=_embed_as_text_names_them)
    return {"page_count": len(document.pages)}


def _embed_as_text_names_them(_document: object, pdf: Any) -> None:
    """Embed fonts as the text refers to them: WeasyPrint writes glyph numbers, even for fonts whose charset maps CIDs
    to other glyphs."""
    for part in pdf.objects:
        if getattr(part, "extra", {}).get("Subtype") == "/OpenType":
            font = compact_font_of(b"".join(part.stream))
            part.stream = [with_glyph_numbers_as_cids(font)]
            part.extra["Subtype"] = "/CIDFontType0C"


def _set_directions(root: ET.Element) -> None:
    """Set each paragraph's direction by its first letter, as `dir="auto"` does (HTML, 3.2.6.4); WeasyPrint lacks
    auto."""
    for element in root.iter():
        if element.tag in PARAGRAPHS and (direction := _direction("".join(element.itertext()))):
            element.set("dir", direction)


def _direction(text: str) -> str:
    """The direction of the first letter that has one; empty if none has."""
    kinds = (unicodedata.bidirectional(letter) for letter in ISOLATED.sub("", text))
    return next((DIRECTIONS[kind] for kind in kinds if kind in DIRECTIONS), "")
