"""Static files hold nothing private: any user of the machine may read them, whoever collected them.

Documents are the opposite, and FILE_UPLOAD_PERMISSIONS is theirs: it must not reach what the site shows to everybody.
Root collects, in an image or on a Debian machine, and the web processes are another user.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

FILE, FOLDER = 0o644, 0o755  # whatever the umask


class ReadableCompressor(Compressor):  # type: ignore[misc]
    def write_data(self, path: str, data: bytes, suffix: str, stat_result: Any) -> str:
        written = str(super().write_data(path, data, suffix, stat_result))
        Path(written).chmod(FILE)
        return written


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Modules of ours import each other by hashed names, as pages do: no module is loaded twice, none is stale.

    Only those in js/: Django's patterns would also read the minified bundles of packages, which import nothing.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, file_permissions_mode=FILE, directory_permissions_mode=FOLDER, **options)

    def create_compressor(self, **options: Any) -> Compressor:
        return ReadableCompressor(**options)
