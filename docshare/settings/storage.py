"""Uploads, documents, and the sandbox that opens them."""

from __future__ import annotations

from docshare.document_storage import document_storage
from docshare.settings.installation import DATA_DIR, env

STORAGE_URL = env.str("STORAGE_URL", "")  # the forms are in docshare/document_storage.py
DOCUMENTS_DIR = DATA_DIR / "files"
# On the store's file system, so that storing a document is a rename and not a copy.
FILE_UPLOAD_TEMP_DIR = str(DATA_DIR / "uploads")
FILE_UPLOAD_HANDLERS = ["files.upload_handlers.BoundedTemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FILES = 40
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
# Who sends the bytes: "direct" (this process), "accel" (nginx X-Accel-Redirect), "presigned" (S3).
DOCUMENT_SERVING = env.str("DOCUMENT_SERVING", "presigned" if STORAGE_URL.startswith("s3:") else "direct")
# Modules that the fork server of the sandbox loads once, for all of its children. The last one freezes them.
SANDBOX_PRELOADED = ["imports.reading.occurrences", "documents.preload"]
SANDBOX_CONCURRENCY = env.int("SANDBOX_CONCURRENCY", 4)  # children at once, of each process
# Open verifications at once, over all web processes of this DATA_DIR (files/open_work.py).
SANDBOX_OPEN_PLACES = env.int("SANDBOX_OPEN_PLACES", 2)
# The virus scanner that every upload goes through: tcp://host:3310 or unix:///run/clamav/clamd.ctl; empty: none.
CLAMD_URL = env.str("CLAMD_URL", "")
# Public keys of age, separated by commas, to which `manage.py backup` encrypts; empty: no encryption.
BACKUP_RECIPIENT = env.str("BACKUP_RECIPIENT", "")

DOCUMENT_STORE = document_storage(
    STORAGE_URL or DOCUMENTS_DIR.as_uri(),
    access_key=env.str("S3_ACCESS_KEY", ""),
    secret_key=env.str("S3_SECRET_KEY", ""),
)

STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "unused")},
    },
    "documents": DOCUMENT_STORE.backend,
    "staticfiles": {"BACKEND": "docshare.static_files.StaticFilesStorage"},
}
if DOCUMENT_STORE.presigning:
    STORAGES["documents-presigned"] = DOCUMENT_STORE.presigning
