from documents.models.autosend import AutoSend, AutoSendRule, AutoSendState, DocumentLink
from documents.models.batch import LineReason, LineState, ShareBatch, ShareBatchLine
from documents.models.category import Category
from documents.models.library import LibraryDocument, LibraryVersion
from documents.models.shared import DocumentReading, ReadingMeans, SharedDocument
from documents.models.unread import UnreadPolicy

__all__ = [
    "AutoSend",
    "AutoSendRule",
    "AutoSendState",
    "Category",
    "DocumentLink",
    "DocumentReading",
    "LibraryDocument",
    "LibraryVersion",
    "LineReason",
    "LineState",
    "ReadingMeans",
    "ShareBatch",
    "ShareBatchLine",
    "SharedDocument",
    "UnreadPolicy",
]
