"""Makes static files readable for every user of the machine, whoever collected them.

FILE_UPLOAD_PERMISSIONS is for documents, which are private, and must not apply here. In an image or on Debian, root
collects static files and the web processes run as another user.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

FILE, FOLDER = 0o644, 0o755  # independent of the umask
# Brotli's best quality takes six times as long for a tenth less. It is for what a first page needs, style sheets and
# scripts; what is larger belongs to one task (a viewer, an editor, the description of the API).
LARGE = 256 << 10  # bytes
BEST, GOOD = 11, 9


class ReadableCompressor(Compressor):
    """Compresses each content once: most files stand under two names, with and without their hash."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known: dict[bytes, bytes] = {}

    def compress_brotli(self, data: bytes) -> bytes:
        digest = hashlib.sha256(data).digest()
        if digest not in self._known:
            self._known[digest] = brotli.compress(data, quality=BEST if len(data) <= LARGE else GOOD)
        return self._known[digest]

    def write_data(self, path: str, data: bytes, suffix: str, stat_result: Any) -> str:
        written = str(super().write_data(path, data, suffix, stat_result))
        Path(written).chmod(FILE)
        return written


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites imports between our modules to hashed names, as pages use, so that no module is loaded twice or stale.

    Only in js/: Django's patterns would also parse minified bundles of packages, which import nothing.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, file_permissions_mode=FILE, directory_permissions_mode=FOLDER, **options)

    def create_compressor(self, **options: Any) -> Compressor:
        return ReadableCompressor(**options)
