"""Accounts, sign-in, sessions, cookies."""

from __future__ import annotations

from docshare.settings.installation import PRODUCTION, SECURE, env

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {
    "add_email": "portals.account_forms.AddEmailForm",
    "reset_password": "accounts.forms.ProvedAddressResetForm",
    "reset_password_from_key": "accounts.forms.ResetKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
}
MFA_FORMS = {
    "authenticate": "accounts.factor_forms.AuthenticateForm",
    "reauthenticate": "accounts.factor_forms.ReauthenticateForm",
    "add_webauthn": "accounts.passkeys.AddForm",
    "login_webauthn": "accounts.passkeys.LoginForm",
    "reauthenticate_webauthn": "accounts.passkeys.ReauthenticateForm",
}
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
ACCOUNT_CHANGE_EMAIL = True  # one address; the new one is verified before it counts, the old one is notified
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    # Wrong passwords and factors are counted in the database, for each device and address separately
    # (accounts/tries.py).
    "login": None,
    "login_failed": None,
    "change_password": None,
    "reauthenticate": None,
    # The holder of the mailbox has a link by then; further messages would only annoy.
    "reset_password": "20/m/ip,5/h/key",
}
# Wrong passwords of one account, from one address and from all unknown devices; from a known device; from an address.
SIGN_IN_TRIES = env.int("SIGN_IN_TRIES", 5)  # in five minutes
SIGN_IN_TRIES_AN_HOUR = env.int("SIGN_IN_TRIES_AN_HOUR", 100)
SIGN_IN_TRIES_OF_A_DEVICE = env.int("SIGN_IN_TRIES_OF_A_DEVICE", 10)  # in five minutes
SIGN_IN_TRIES_OF_AN_ADDRESS = env.int("SIGN_IN_TRIES_OF_AN_ADDRESS", 10)  # in a minute, for all accounts together
CODES_AN_HOUR = env.int("CODES_AN_HOUR", 5)  # by SMS, for one person and purpose
# A passkey cannot be guessed: a limit would only let strangers in the waiting room lock out the doctor.
MFA_RATE_LIMITS = {"webauthn_login": None}
MFA_ADAPTER = "accounts.factor_secrets.FactorAdapter"  # secrets of second factors are sealed at rest
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE and not PRODUCTION
STAFF_SECOND_FACTOR = PRODUCTION or env.bool("STAFF_SECOND_FACTOR", False)  # in production: no opt-out
USERSESSIONS_TRACK_ACTIVITY = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.ContextWordsValidator"},
]

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 3600)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
DEVICE_COOKIE_NAME = "__Host-device" if SECURE else "device"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of its own
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = False  # upload.js sends it as a header
CSRF_FAILURE_VIEW = "portals.public.errors.csrf_failure"
