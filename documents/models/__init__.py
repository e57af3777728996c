from documents.models.autosend import AutoSend, AutoSendRule, AutoSendState, DocumentLink
from documents.models.batch import LineReason, LineState, ShareBatch, ShareBatchLine
from documents.models.category import Category
from documents.models.library import LibraryDocument, LibraryVersion
from documents.models.receiving import DocumentRequest, ReceivedDocument, ReceivedState, RequestState, SentAs
from documents.models.shared import DocumentReading, ReadingMeans, SharedDocument
from documents.models.task import FillingDraft, Task, TaskState
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
    "DocumentRequest",
    "FillingDraft",
    "LibraryDocument",
    "LibraryVersion",
    "LineReason",
    "LineState",
    "ReadingMeans",
    "ReceivedDocument",
    "ReceivedState",
    "RequestState",
    "SentAs",
    "ShareBatch",
    "ShareBatchLine",
    "SharedDocument",
    "Task",
    "TaskState",
    "UndoableAct",
    "UnreadPolicy",
]
