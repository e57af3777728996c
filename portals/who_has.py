"""Who has an access to a record, as every door says it."""

from __future__ import annotations

from documents.sharing.accesses import Access
from portals.templatetags.presentation import masked_email, masked_mobile, telephone


def who_has(access: Access) -> str:
    """The account's name; of what was sent to contacts, these: those of the record as staff entered them, those of
    whoever booked, masked."""
    if access.account is not None:
        return str(access.account)
    if access.to_holder:
        return masked_contacts(*access.contacts)
    return ", ".join(one if "@" in one else telephone(one) for one in access.contacts)


def masked_contacts(*contacts: str | None) -> str:
    """Enough to recognise them by."""
    return ", ".join(masked_email(one) if "@" in one else masked_mobile(one) for one in contacts if one)
