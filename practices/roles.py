"""What staff may do where. Read from the database at every call: removed staff are out at the next request."""

from __future__ import annotations

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from accounts.models import Scope, User
from practices.models import SHARING_ROLES, Membership, Practice, Role
from refusals import Kind, Refusal

READERS_DO_NOT_SHARE = gettext_lazy(
    "Votre rôle permet de lire, pas de partager. Un administrateur du cabinet peut le changer."
)
PRACTITIONERS_SIGN = gettext_lazy("Seul un praticien signe, avec sa propre signature. Partagez sans signer.")
ADMINISTRATORS_CHANGE = gettext_lazy("Seul un administrateur du cabinet change ces réglages.")


class NotAllowed(Refusal):
    """A known member of the practice without the function asked for. `sentence` says who may."""

    code = "permission_denied"
    kind = Kind.NOT_ALLOWED


def roles_in(user: User, practice: Practice) -> frozenset[Role]:
    membership = Membership.objects.held_by(user).filter(practice=practice).first()
    return membership.roles if membership else frozenset()


def may_share(user: User, practice: Practice) -> bool:
    return bool(roles_in(user, practice) & SHARING_ROLES)


def may_administer(user: User, practice: Practice) -> bool:
    return Role.ADMIN in roles_in(user, practice)


def may_sign(user: User, practice: Practice) -> bool:
    """Only a practitioner, for themselves."""
    return Role.PRACTITIONER in roles_in(user, practice)


def require_sharer(user: User, practice: Practice, refusal: StrOrPromise = READERS_DO_NOT_SHARE) -> None:
    """Raises NotAllowed; `refusal` where another sentence tells more of what the role does not allow."""
    if not may_share(user, practice):
        raise NotAllowed(refusal)


def require_administrator(user: User, practice: Practice, refusal: StrOrPromise = ADMINISTRATORS_CHANGE) -> None:
    """Raises NotAllowed."""
    if not may_administer(user, practice):
        raise NotAllowed(refusal)


def require_practitioner(user: User, practice: Practice, refusal: StrOrPromise = PRACTITIONERS_SIGN) -> None:
    """Raises NotAllowed."""
    if not may_sign(user, practice):
        raise NotAllowed(refusal)


def is_staff_of_any(user: User) -> bool:
    return Membership.objects.held_by(user).exists()


def scopes_for(user: User) -> list[Scope]:
    """What a token of this user may be given: only a practitioner's may sign."""
    signs = Membership.objects.held_by(user, Role.PRACTITIONER).exists()
    return [scope for scope in Scope if scope is not Scope.SIGN or signs]
