"""Receives uploads into files on the store's file system, up to the size limit of a document."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from files.limits import MAX_BYTES


class BoundedUpload(TemporaryUploadedFile):
    """`too_large`: the file exceeded the limit and its bytes were dropped; `size` is the number of bytes sent."""

    too_large = False


class BoundedTemporaryFileUploadHandler(TemporaryFileUploadHandler):
    """Stops writing a file one byte over the limit, and continues with the rest of the request.

    So a document that is too large gets an error, while the other files and the typed text are not lost.
    """

    file: BoundedUpload

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        self.file = BoundedUpload(self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra)
        self.written = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.written += len(raw_data)
        if self.written > MAX_BYTES:
            if not self.file.too_large:
                self.file.too_large = True
                self.file.truncate(0)
            return
        with self._removed_on_failure():
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> BoundedUpload:
        with self._removed_on_failure():
            upload = super().file_complete(file_size)
        assert isinstance(upload, BoundedUpload)  # made in new_file
        return upload

    @contextlib.contextmanager
    def _removed_on_failure(self) -> Iterator[None]:
        """Remove the file on failure. Django closes only finished files: on a full disk, a half-written one would go
        on filling it."""
        try:
            yield
        except OSError:
            with contextlib.suppress(OSError):
                self.file.close()
            raise
