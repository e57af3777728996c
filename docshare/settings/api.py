"""The API and its description."""

from __future__ import annotations

from docshare.settings.installation import PUBLIC_URL
from docshare.settings.sign_in import ALLAUTH_TRUSTED_PROXY_COUNT

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portals.api.authentication.BearerTokenAuthentication",
        "portals.api.authentication.SessionAuthentication",
    ],
    # DRF views opt out of the login middleware, so the API requires authentication itself.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "portals.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portals.api.negotiation.IgnoringAccept",
    "DEFAULT_METADATA_CLASS": "portals.api.negotiation.NoActions",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "portals.api.pagination.Pages",
    "EXCEPTION_HANDLER": "portals.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "COERCE_DECIMAL_TO_STRING": False,
    # Only entries of X-Forwarded-For by our own proxies count, because others may be forged.
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "docshare",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVERS": [{"url": PUBLIC_URL}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AppointmentKindEnum": "appointments.models.AppointmentKind",
        "AppointmentStatusEnum": "appointments.models.AppointmentStatus",
        "CancelReasonEnum": "appointments.models.CancelReason",
        "BookedForEnum": "appointments.models.BookedFor",
        "RecipientStateEnum": [(state, state) for state in ("ready", "missing_contact", "needs_authorisation")],
        "AudienceEnum": "documents.models.shared.AudienceChoice",
        "AutoSendStateEnum": "documents.models.AutoSendState",
        "DocumentRequestStateEnum": "documents.models.RequestState",
        "ReceivedStateEnum": "documents.models.ReceivedState",
        "ConsentStateEnum": "documents.models.ConsentState",
        "SignedAsEnum": "documents.models.SignedAs",
        "MeansOfProofEnum": "documents.models.Means",
        "MomentEnum": "documents.models.autosend.Moment",
        "ChannelEnum": "notifications.models.Channel",
        "NotificationStateEnum": "notifications.models.MessageState",
        "ErrorTypeEnum": [(kind, kind) for kind in ("validation_error", "client_error", "server_error")],
        "MemberStateEnum": [(state, state) for state in ("invited", "expired", "active", "upcoming", "ended")],
        "ImportKindEnum": "imports.models.Subject",
        "ImportStateEnum": "imports.models.Stage",
        "AccessKindEnum": [(kind, kind) for kind in ("account", "link", "invitation", "holder")],
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,  # labels are in the language of the request, unfit for a description
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portals.api.schema.finish",
        "portals.api.webhooks.describe_events",
    ],
}
