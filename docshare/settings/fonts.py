"""Fonts of stamps and of written documents, by script."""

from __future__ import annotations

from docshare.settings.static import NODE_MODULES

_FONTS = NODE_MODULES / "@embedpdf" / "fonts-latin" / "fonts"
_OTHER_SCRIPTS = {
    "Arabic": NODE_MODULES / "@embedpdf" / "fonts-arabic" / "fonts" / "NotoNaskhArabic-Regular.ttf",
    "Hebrew": NODE_MODULES / "@embedpdf" / "fonts-hebrew" / "fonts" / "NotoSansHebrew-Regular.ttf",
} | {
    name: NODE_MODULES / "@expo-google-fonts" / package / "400Regular" / f"NotoSans{name}_400Regular.ttf"
    for name, package in (
        *((name, f"noto-sans-{name.lower()}") for name in ("Armenian", "Georgian", "Thai", "Lao", "Khmer")),
        *((name, f"noto-sans-{name.lower()}") for name in ("Devanagari", "Bengali", "Tamil", "Sinhala", "Ethiopic")),
        ("Symbols", "noto-sans-symbols"),
        ("Symbols2", "noto-sans-symbols-2"),
    )
}
_EAST_ASIAN = {  # Noto Sans Hans has all but Hangul
    "Chinese": NODE_MODULES / "@embedpdf" / "fonts-sc" / "fonts" / "NotoSansHans-Regular.otf",
    "Korean": NODE_MODULES / "@embedpdf" / "fonts-kr" / "fonts" / "NotoSansKR-Regular.otf",
}
PAPER_FONTS = (  # of written documents; a letter is set in the first that has it. Noto Sans: Latin, Greek, Cyrillic.
    {name: _FONTS / f"NotoSans-{name}.ttf" for name in ("Regular", "Bold", "Italic", "BoldItalic")}
    | _OTHER_SCRIPTS
    | _EAST_ASIAN
)
# The stamp uses the same fonts as written documents.
STAMP_FONTS = tuple(path for name, path in PAPER_FONTS.items() if name not in ("Bold", "Italic", "BoldItalic"))
