from patients.models.former_contact import FormerContact
from patients.models.invitation import Invitation, InvitationEnd
from patients.models.patient import Patient
from patients.models.proposal import ContactProposal
from patients.models.relative import Relative, RelativeRecord
from patients.models.tie import RecordTie, Relationship, TieEnd

__all__ = [
    "ContactProposal",
    "FormerContact",
    "Invitation",
    "InvitationEnd",
    "Patient",
    "RecordTie",
    "Relationship",
    "Relative",
    "RelativeRecord",
    "TieEnd",
]
