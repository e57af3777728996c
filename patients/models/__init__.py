from patients.models.invitation import Invitation, InvitationEnd
from patients.models.patient import Patient
from patients.models.relative import Relative, RelativeRecord
from patients.models.tie import RecordTie, Relationship

__all__ = ["Invitation", "InvitationEnd", "Patient", "RecordTie", "Relationship", "Relative", "RelativeRecord"]
