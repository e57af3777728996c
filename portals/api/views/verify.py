"""What is signed in a PDF, for anyone."""

from __future__ import annotations

import hashlib

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from documents.files.intake import accept, discard
from documents.files.limits import PDF
from documents.models import StoredFile
from documents.signatures import trusted_roots
from documents.signing.verify import CannotVerify, verify
from portals.api.schema import answers
from portals.api.serializers import VerifyIn, VerifyOut
from portals.api.throttling import PerAddress


class Verify(APIView):
    """Open to all; nothing is kept. Says of a known document only that it is known, never whom it concerns."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes: list[type[BaseThrottle]] = [PerAddress]
    parser_classes = [MultiPartParser, FormParser]

    @answers(200, VerifyOut, request={"multipart/form-data": VerifyIn}, errors=(413, 415), auth=[])
    def post(self, request: Request) -> Response:
        body = VerifyIn(data=request.data)
        body.is_valid(raise_exception=True)
        intake = accept(body.validated_data["file"])
        try:
            if intake.media_type != PDF:
                raise ValidationError({"file": _("Choisissez un PDF : une image ne porte pas de signature.")})
            with intake.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            reports = verify(intake.path, roots=trusted_roots())
        except CannotVerify as error:
            raise ValidationError(
                {"file": _("Ce PDF est endommagé : ses signatures ne peuvent pas être lues.")}
            ) from error
        finally:
            discard(intake)
        return Response(
            {
                "known": StoredFile.objects.filter(sha256=sha256, shared_documents__isnull=False).exists(),
                "signatures": [{**report.as_json(), "trusted": report.trusted} for report in reports],
            }
        )
