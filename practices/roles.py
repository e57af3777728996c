"""What staff may do in a practice. Read from the database at every call, or once in a request that only reads
(practices/held.py), so removed staff lose access at once."""

from __future__ import annotations

from collections.abc import Collection

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
    """A member of the practice lacks the required role. `sentence` says who may."""

    code = "permission_denied"
    kind = Kind.NOT_ALLOWED


class PracticeSuspended(Refusal):
    """The operator has suspended the practice (practices/suspension.py). `practices`: those of the user."""

    code = "practice_suspended"
    kind = Kind.NOT_ALLOWED
    words = gettext_lazy(
        "Ce cabinet est suspendu par l’exploitant du site : ses membres n’y font rien pour l’instant."
    )

    def __init__(self, practices: Collection[Practice] = ()) -> None:
        super().__init__()
        self.practices = practices


def suspended_practices_of(user: User) -> list[Practice]:
    """The suspended practices of which the user is a member."""
    own = Membership.objects.in_force().filter(user_id=user.pk).values("practice")
    return list(Practice.objects.suspended().filter(pk__in=own).order_by("name", "pk"))


def require_staff(user: User) -> bool:
    """Whether the user works in a practice. Raises PracticeSuspended if all of theirs are suspended: the one check at
    the doors of staff."""
    if is_staff_of_any(user):
        return True
    if suspended := suspended_practices_of(user):
        raise PracticeSuspended(suspended)
    return False


def roles_in(user: User, practice: Practice) -> frozenset[Role]:
    roles = (one.roles for one in Membership.objects.list_held_by(user) if one.practice_id == practice.pk)
    return next(roles, frozenset())


def may_share(user: User, practice: Practice) -> bool:
    return bool(roles_in(user, practice) & SHARING_ROLES)


def may_administer(user: User, practice: Practice) -> bool:
    return Role.ADMIN in roles_in(user, practice)


def may_sign(user: User, practice: Practice) -> bool:
    """Only a practitioner, for themselves."""
    return Role.PRACTITIONER in roles_in(user, practice)


def require_sharer(user: User, practice: Practice, refusal: StrOrPromise = READERS_DO_NOT_SHARE) -> None:
    """Raises NotAllowed, PracticeSuspended. `refusal` replaces the sentence by a more specific one."""
    if not may_share(user, practice):
        raise _refused(user, practice, refusal)


def require_administrator(user: User, practice: Practice, refusal: StrOrPromise = ADMINISTRATORS_CHANGE) -> None:
    """Raises NotAllowed, PracticeSuspended."""
    if not may_administer(user, practice):
        raise _refused(user, practice, refusal)


def require_practitioner(user: User, practice: Practice, refusal: StrOrPromise = PRACTITIONERS_SIGN) -> None:
    """Raises NotAllowed, PracticeSuspended."""
    if not may_sign(user, practice):
        raise _refused(user, practice, refusal)


def is_staff_of_any(user: User, *roles: Role) -> bool:
    """In one of `roles`, if any is given."""
    return bool(Membership.objects.list_held_by(user, *roles))


def scopes_for(user: User) -> list[Scope]:
    """The scopes that a token of this user may have: only a practitioner's may sign."""
    signs = is_staff_of_any(user, Role.PRACTITIONER)
    return [scope for scope in Scope if scope is not Scope.SIGN or signs]


def _refused(user: User, practice: Practice, refusal: StrOrPromise) -> Refusal:
    suspended = [each for each in suspended_practices_of(user) if each.pk == practice.pk]
    return PracticeSuspended(suspended) if suspended else NotAllowed(refusal)
