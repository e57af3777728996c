"""What ends when an account gets a new password. `User.save` calls it, so no caller can forget to.

Sessions end by themselves: Django binds each to the hash of the password.
"""

from __future__ import annotations

from accounts.acting import acting_user
from accounts.devices import forget_all
from accounts.models import User
from accounts.models.user import NewPassword
from accounts.tokens import revoke_all
from audit.trail import record


def end_access_by_old_password(user: User) -> None:
    """Revoke API tokens, except those that the person keeps. Make devices new again, unless the person knew the old
    password: after a reset, other devices may be in a stranger's hands."""
    change = user.password_change
    by = user if change.how is NewPassword.RESET else acting_user()
    revoked = revoke_all(user=user, by=by, keep=change.kept_tokens)
    record("account.password_changed", by=by, on=user, detail={"how": change.how.value, "tokens_revoked": revoked})
    if change.how is not NewPassword.CHANGED:
        forget_all(user, by=by)
