"""Makes the names that users give to files harmless. Names are shown as text and never used as a path."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from django.utils.http import content_disposition_header

from files.limits import EXTENSIONS, MEDIA_TYPES, USUAL

MAX_CHARACTERS = 200
MAX_BYTES_OF_NAME = 255  # in UTF-8: the limit of file systems (NAME_MAX)
LONGEST_EXTENSION = 10
FALLBACK = "document"
# Extensions (without dot) of files that a double click runs, installs, or that change settings or lead elsewhere. A
# name must not have one before its own extension, because a computer may hide the last extension.
EXECUTABLE = {
    *(
        "exe",
        "com",
        "scr",
        "pif",
        "bat",
        "cmd",
        "cpl",
        "msi",
        "msp",
        "mst",
        "msix",
        "msixbundle",
        "appx",
        "appxbundle",
    ),
    *("dll", "ocx", "sys", "drv", "gadget", "application", "appref-ms", "settingcontent-ms", "appinstaller", "xbap"),
    *("ps1", "ps1xml", "ps2", "ps2xml", "psc1", "psc2", "psd1", "psm1", "msh", "msh1", "msh2", "cdxml"),
    *("vb", "vbs", "vbe", "vbscript", "js", "jse", "mjs", "ws", "wsc", "wsf", "wsh", "sct", "shs", "shb", "hta"),
    *("jar", "jnlp", "py", "pyc", "pyw", "pyz", "pyzw", "pl", "rb", "php", "lua", "tcl", "au3", "ahk"),
    *("lnk", "url", "scf", "library-ms", "search-ms", "searchconnector-ms", "website", "webloc", "desktop", "rdp"),
    *("reg", "job", "msc", "theme", "themepack", "deskthemepack", "diagcab"),
    *("chm", "hlp", "crt", "cer", "maf", "mam", "maq", "mda"),
    *("mdb", "mde", "mdt", "mdw", "mdz", "ade", "adp", "accde", "xll", "xla", "wll", "iqy", "slk", "oqy", "rqy"),
    *("docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm", "sldm", "one", "onepkg"),
    *("html", "htm", "xhtml", "xht", "shtml", "mht", "mhtml", "svg", "svgz", "xsl", "xslt"),
    *("app", "command", "workflow", "scpt", "scptd", "applescript", "osx", "pkg", "mpkg", "dmg", "terminal"),
    *("sh", "bash", "zsh", "csh", "ksh", "fish", "bin", "elf", "appimage", "deb", "rpm", "flatpak"),
    *("apk", "aab", "xapk", "ipa", "mobileconfig", "iso", "img", "vhd", "vhdx", "vmdk", "cab", "xpi", "crx"),
}
JOINERS = "\u200c\u200d"  # used in Persian and Indian words, and in emoji
# Letters that show as nothing (Hangul fillers, the empty Braille pattern).
BLANKS = str.maketrans(dict.fromkeys("\u115f\u1160\u3164\uffa0\u2800", " "))
DOTS = re.compile(r"[.\u06d4\u0701\u0702\u3002\ua4f8]")  # of other scripts; NFKC makes a dot of a wide one
NOT_IN_EXTENSIONS = re.compile(r"^[\W_]+|(?:%[0-9a-f]{2}|\(\d+\)|[\W_])+$")
# A dot, then letters and digits, one of them a letter.
EXTENSION = re.compile(rf"\.(?=[0-9]*[a-z])[a-z0-9]{{1,{LONGEST_EXTENSION}}}$", re.IGNORECASE | re.ASCII)
NO_DATES_HYPHEN = re.compile(r"(?<!\d)-|-(?!\d)")
NOT_ON_WINDOWS = str.maketrans({'"': "'", ":": "-", **dict.fromkeys("<>/\\|?*", "_")})
# Names of devices, whatever extension follows; ¹²³ count as digits there.
DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
AM = "\u0e33\u0eb3"  # vowels of Thai and Lao, letters by category
SKIN = "".join(map(chr, range(0x1F3FB, 0x1F400)))
FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
STROKES = re.compile(r"\s*[/\\]\s*")  # of a date in a title: 12/03
# Unassigned code points reserved for invisible characters (Default_Ignorable_Code_Point).
RESERVED = (range(0x2065, 0x2066), range(0xFFF0, 0xFFF9), range(0xFDD0, 0xFDF0), range(0xE0000, 0xE1000))
OF_SOMEBODY = re.compile(r"\s+[A-Z][a-z]+\s*")  # "Mme. Job.pdf": a capitalised word after a space is a name


def clean_name(name: str | None) -> str:
    """The last part of the name, without control, formatting (bidi) and separator characters, in NFC; short enough
    for a file system."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(character for character in unicodedata.normalize("NFC", last) if _may_be_shown(character))
    bare = " ".join(visible.split()).rstrip(". ")
    extension = extension_of(f"_{bare}")
    if extension in MEDIA_TYPES and not bare[: -len(extension)].strip(". "):
        return FALLBACK + extension  # ".pdf" is an extension without a name
    return shortened(bare.strip(". ")) or FALLBACK


def _may_be_shown(character: str) -> bool:
    """False for invisible and control characters and for lone surrogates. True for letters that are newer than this
    Python's Unicode tables."""
    category = unicodedata.category(character)
    if category == "Cn":
        number = ord(character)
        return number & 0xFFFE != 0xFFFE and not any(number in reserved for reserved in RESERVED)
    return category not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def composed(title: str) -> str:
    """A title or a sentence as its author wrote it, in NFC with single spaces and without invisible characters: a
    bidirectional control would show "rdp.exe" for "exe.pdr". It may contain characters that file systems refuse."""
    visible = "".join(one for one in title if one in JOINERS or unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def composed_lines(text: str) -> str:
    """The same, line by line."""
    return "\n".join(composed(line) for line in text.splitlines()).strip()


def proposed_title(name: str) -> str:
    """The title that a page proposes for a file, as static/js/files.js::titleOf: "Compte rendu 12" for
    "compte-rendu_12.pdf"; dates keep their hyphens."""
    bare = split(unicodedata.normalize("NFC", name))[0]
    words = bare if any(map(str.isspace, bare)) else NO_DATES_HYPHEN.sub(" ", bare.replace("_", " "))
    title = words.strip()
    return title[:1].upper() + title[1:] if unicodedata.category(title[:1] or " ") == "Ll" else title


def shortened(name: str, *, most: int = MAX_BYTES_OF_NAME) -> str:
    """At most `most` bytes of UTF-8 and MAX_CHARACTERS, its extension kept, no letter separated from its accents."""
    stem, extension = split(name)
    room = most - len(extension.encode())
    cut = min(len(stem), MAX_CHARACTERS - len(extension))
    while len(stem[:cut].encode()) > room or not _may_end(stem, cut):
        cut -= 1
    return (stem if cut == len(stem) else stem[:cut].rstrip(". ")) + extension


def split(name: str) -> tuple[str, str]:
    """The name without its extension, and the extension with its dot; empty if there is none.

    What follows a dot is an extension if it reads as one: "scan 12.03" and "Mme. Durand" have none.
    """
    match = EXTENSION.search(name)
    return (name[: match.start()], match[0]) if match and match.start() else (name, "")


def extension_of(name: str) -> str:
    """The last extension, lower case, with its dot; empty if there is none."""
    return split(name)[1].lower()


def download_name(title: str, media_type: str) -> str:
    """The file name of a download: the title as a name that every computer accepts, with an extension of the verified
    type."""
    stem, extension = split(portable(STROKES.sub("-", title)))
    kind = MEDIA_TYPES.get(extension.lower())
    if kind != media_type:  # an extension of another type stays part of the name
        stem, extension = stem + extension, EXTENSIONS[media_type]
    elif extension.lower() not in USUAL:  # an extension that few computers know is replaced
        extension = EXTENSIONS[media_type]
    if hides_a_program(stem + extension):
        stem = "".join(_without_dot(character) for character in stem)
    return shortened(stem + extension)


def _without_dot(character: str) -> str:
    """The character, or "_" if it is a dot or contains one (⒈)."""
    plain = unicodedata.normalize("NFKC", character)
    return DOTS.sub("_", plain) if DOTS.search(plain) else character


def content_disposition(name: str, *, inline: bool = False) -> str:
    """The header that gives a download its name (RFC 6266). A name beyond ASCII, or with a percent sign (browsers
    read it as an escape), is sent as `filename*` (RFC 8187)."""
    kind = "inline" if inline else "attachment"
    if name.isascii() and "%" not in name:
        return content_disposition_header(not inline, name) or kind
    return f"{kind}; filename*=utf-8''{quote(name)}"


def portable(name: str) -> str:
    """A clean name that every file system accepts, Windows' too ("Naming Files, Paths, and Namespaces")."""
    stem, extension = split(clean_name(name).translate(NOT_ON_WINDOWS))
    stem = stem.rstrip(". ") or FALLBACK
    if DEVICE.match(stem):
        stem = f"_{stem}"
    return shortened(stem + extension)


def distinct(name: str, taken: set[str]) -> str:
    """The name, with a number if file systems would confuse it with one in `taken`; adds it to `taken`."""
    stem, extension = split(name)
    number, candidate = 1, shortened(name)
    while _folded(candidate) in taken:
        number += 1
        mark = f" ({number})"
        bare = shortened(stem + extension, most=MAX_BYTES_OF_NAME - len(mark))
        candidate = f"{split(bare)[0][: MAX_CHARACTERS - len(mark) - len(extension)]}{mark}{extension}"
    taken.add(_folded(candidate))
    return candidate


def _folded(name: str) -> str:
    """The name as file systems compare it, ignoring case and the encoding of accents."""
    return unicodedata.normalize("NFKC", name).casefold()


def _may_end(text: str, end: int) -> bool:
    """Whether a text may be cut there: not before an accent, a vowel sign or a skin tone modifier, nor within
    a flag."""
    if end <= 0 or end >= len(text):
        return True
    following = text[end]
    if unicodedata.category(following).startswith("M") or following in AM + SKIN:
        return False
    flags = len(text[:end]) - len(text[:end].rstrip(FLAG_LETTERS))
    return not (following in FLAG_LETTERS and flags % 2)


def hides_a_program(name: str) -> bool:
    """Whether a part before the last extension is that of a program: "ordonnance.exe.pdf" looks like a program on
    computers that hide the last extension. Spaces and other scripts' dots make no difference."""
    parts = DOTS.split(unicodedata.normalize("NFKC", name.translate(BLANKS)).translate(BLANKS))
    between = parts[1:-1] if split(name)[1] else parts[1:]  # a download gets another extension behind the last part
    return any(_bare(part) in EXECUTABLE for part in between if not OF_SOMEBODY.fullmatch(part))


def _bare(part: str) -> str:
    return NOT_IN_EXTENSIONS.sub("", part.casefold())
