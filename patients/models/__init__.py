from patients.models.former_contact import FormerContact
from patients.models.invitation import Invitation, InvitationEnd
from patients.models.merge import DistinctRecords, IdentityChange, RecordMerge
from patients.models.patient import Patient
from patients.models.proposal import ContactProposal
from patients.models.relative import Relative, RelativeRecord
from patients.models.sign_up import SignUp
from patients.models.tie import RecordTie, Relationship, TieEnd

__all__ = [
    "ContactProposal",
    "DistinctRecords",
    "FormerContact",
    "IdentityChange",
    "Invitation",
    "InvitationEnd",
    "Patient",
    "RecordMerge",
    "RecordTie",
    "Relationship",
    "Relative",
    "RelativeRecord",
    "SignUp",
    "TieEnd",
]
