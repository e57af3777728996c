"""What patients' records tell the rooms above, inside the transaction."""

from django.dispatch import Signal

# patient: Patient; former: dict[str, str | None] ("email", "mobile": what the record carried, of those that changed);
# by: User. Whatever was sent to the former contacts, or waits to be, stands on nothing any more.
contacts_changed = Signal()

# patient: Patient; by: User. Staff corrected the birth date: what stood on minority is judged anew.
birth_date_changed = Signal()

# patient: Patient; was: Patient, as it was before, not to be saved; by: User. Staff corrected a name or the birth
# date.
identity_corrected = Signal()

# patient: Patient; guardian: User. An account has proved, or proved again, that it is a minor's guardian's.
guardian_proved = Signal()

# patient: Patient; guardian, by: User. The tie ended that let this account book for the patient.
guardian_ended = Signal()

# user: User; contact: "email" or "mobile"; former, new: str. An account changed its own contact, and proved it.
account_contact_changed = Signal()
