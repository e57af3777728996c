from documents.models.autosend import AutoSend, AutoSendRule, AutoSendState, DocumentLink
from documents.models.category import Category
from documents.models.library import LibraryDocument, LibraryVersion
from documents.models.shared import DocumentReading, ReadingMeans, SharedDocument
from documents.models.undoable import ActKind, UndoableAct
from documents.models.unread import UnreadPolicy

__all__ = [
    "ActKind",
    "AutoSend",
    "AutoSendRule",
    "AutoSendState",
    "Category",
    "DocumentLink",
    "DocumentReading",
    "LibraryDocument",
    "LibraryVersion",
    "ReadingMeans",
    "SharedDocument",
    "UndoableAct",
    "UnreadPolicy",
]
