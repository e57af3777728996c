"""Signals of patients' records to the packages above, sent inside the transaction."""

from django.dispatch import Signal

# patient: Patient; former: dict[str, str | None] (former values of "email" and "mobile", if changed); by: User.
# Nothing sent to the former contacts, or waiting to be, is valid any more.
contacts_changed = Signal()

# patient: Patient; by: User. Staff corrected the birth date: accesses by minority are judged again.
birth_date_changed = Signal()

# patient: Patient; was: Patient, its former state, not to be saved; by: User. Staff corrected a name or the birth
# date.
identity_corrected = Signal()

# patient: Patient; guardian: User. An account has proved, or proved again, that it is a minor's guardian.
guardian_proved = Signal()

# patient: Patient; guardian, by: User. The tie by which this account booked for the patient has ended.
guardian_ended = Signal()

# user: User; contact: "email" or "mobile"; former, new: str. An account changed its own contact and proved it.
account_contact_changed = Signal()
