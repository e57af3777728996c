from documents.models.autosend import AutoSend, AutoSendRule, AutoSendState, DocumentLink
from documents.models.category import Category
from documents.models.credential import InstallationAuthority, KeyPlace, SignatureImage, SigningCredential
from documents.models.library import LibraryDocument, LibraryVersion
from documents.models.shared import DocumentReading, ReadingMeans, SharedDocument
from documents.models.stored_file import StoredFile
from documents.models.unread import UnreadPolicy

__all__ = [
    "AutoSend",
    "AutoSendRule",
    "AutoSendState",
    "Category",
    "DocumentLink",
    "DocumentReading",
    "InstallationAuthority",
    "KeyPlace",
    "LibraryDocument",
    "LibraryVersion",
    "ReadingMeans",
    "SharedDocument",
    "SignatureImage",
    "SigningCredential",
    "StoredFile",
    "UnreadPolicy",
]
