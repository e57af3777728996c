"""Receiving uploads: always into a file on the store's file system, never more than a document may have."""

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
    """`too_large`: the file went over the limit; its bytes were dropped, `size` is what was sent."""

    too_large = False


class BoundedTemporaryFileUploadHandler(TemporaryFileUploadHandler):
    """Stops writing a file one byte over the limit and lets the rest of the request go on.

    So one document too large gets its sentence while the others, and what was typed, are kept.
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
        """Django closes finished files alone: on a full disk, what was half written would go on filling it."""
        try:
            yield
        except OSError:
            with contextlib.suppress(OSError):
                self.file.close()
            raise
