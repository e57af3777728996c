"""The name of whoever has an access to a record, the same for every door."""

from __future__ import annotations

from documents.sharing.accesses import Access
from notifications.wording import masked_email, masked_mobile
from portals.templatetags.presentation import telephone


def who_has(access: Access) -> str:
    """The account's name; for access sent to contacts, the contacts: those that staff entered as they are, those of a
    booker masked."""
    if access.account is not None:
        return str(access.account)
    if access.to_holder:
        return masked_contacts(*access.contacts)
    return ", ".join(one if "@" in one else telephone(one) for one in access.contacts)


def masked_contacts(*contacts: str | None) -> str:
    """Masked, but enough to recognise them."""
    return ", ".join(masked_email(one) if "@" in one else masked_mobile(one) for one in contacts if one)
