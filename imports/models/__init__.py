from imports.models.calendar import CalendarItem, CalendarStage, CalendarSubscription, ItemState
from imports.models.job import Choice, Form, Import, ImportLine, ImportPart, Likeness, Stage, Subject, Verdict

__all__ = [
    "CalendarItem",
    "CalendarStage",
    "CalendarSubscription",
    "Choice",
    "Form",
    "Import",
    "ImportLine",
    "ImportPart",
    "ItemState",
    "Likeness",
    "Stage",
    "Subject",
    "Verdict",
]
