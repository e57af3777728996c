"""Makes static files readable for every user of the machine, whoever collected them.

FILE_UPLOAD_PERMISSIONS is for documents, which are private, and must not apply here. In an image or on Debian, root
collects static files and the web processes run as another user.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

FILE, FOLDER = 0o644, 0o755  # independent of the umask


class ReadableCompressor(Compressor):
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
