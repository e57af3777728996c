"""When the suspension of a practice is lifted: automatic sendings whose appointment is past are cancelled."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from documents.models import AutoSend
from documents.models.autosend import AutoSendState, Moment
from documents.sending.planning import nudge_senders, record_sending
from practices.models import Practice


def cancel_past_sendings(sender: type[Practice], practice: Practice, **kwargs: object) -> None:
    """Those that were to come before an appointment which has begun, or at the booking of one which is over. What a
    rule sends after the appointment is sent: the patient still needs it."""
    now = timezone.now()
    too_late = Q(rule__moment=Moment.BEFORE, appointment__starts_at__lte=now)
    too_late |= Q(rule__moment=Moment.BOOKING, appointment__ends_at__lte=now)
    waiting = AutoSend.objects.filter(too_late, appointment__practice=practice, state=AutoSendState.PLANNED)
    for one in waiting.select_related("rule", "shared").select_for_update(of=("self",)):
        one.state = AutoSendState.CANCELLED
        one.save(update_fields=["state"])
        record_sending("auto_send.cancelled", one, by=None)
    transaction.on_commit(nudge_senders)
