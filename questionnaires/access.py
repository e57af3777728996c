"""Who fills in a response and sees what it says, on the side of patients."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from appointments.access import visible_to_account
from questionnaires.models import QuestionnaireResponse


def answered_by(user: User) -> QuerySet[QuestionnaireResponse]:
    """The responses that the account itself fills in, as long as it sees their appointments. Patients find a response
    in no other way: what the patient wrote is never shown to whoever booked, nor the other way round."""
    return QuestionnaireResponse.objects.filter(author=user, appointment__in=visible_to_account(user).values("pk"))
