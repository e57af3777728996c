from documents.models.autosend import AutoSend, AutoSendRule, AutoSendState, DocumentLink, RuleQuestion
from documents.models.batch import LineReason, LineState, ShareBatch, ShareBatchLine
from documents.models.category import Category
from documents.models.consent import (
    Consent,
    ConsentChallenge,
    ConsentDraft,
    ConsentForm,
    ConsentState,
    Doubt,
    Means,
    SignedAs,
)
from documents.models.library import LibraryDocument, LibraryVersion
from documents.models.partial_upload import PartialUpload
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
    "Consent",
    "ConsentChallenge",
    "ConsentDraft",
    "ConsentForm",
    "ConsentState",
    "DocumentLink",
    "DocumentReading",
    "DocumentRequest",
    "Doubt",
    "FillingDraft",
    "LibraryDocument",
    "LibraryVersion",
    "LineReason",
    "LineState",
    "Means",
    "PartialUpload",
    "ReadingMeans",
    "ReceivedDocument",
    "ReceivedState",
    "RequestState",
    "RuleQuestion",
    "SentAs",
    "ShareBatch",
    "ShareBatchLine",
    "SharedDocument",
    "SignedAs",
    "Task",
    "TaskState",
    "UndoableAct",
    "UnreadPolicy",
]
