"""What is signed in a PDF, for anyone."""

from __future__ import annotations

from typing import NoReturn

from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portals.api.authentication import OptionalTokenAuthentication
from portals.api.schema import VERIFYING, a_multipart, answers
from portals.api.serializers.documents import VerifyIn, VerifyOut
from portals.api.throttling import Verifications
from portals.calls import leave_unread
from portals.verification_words import integrity_words, trust_words, verdict_words
from signing.verification import VerificationBusy, admitted, verify_upload


class Verify(APIView):
    """Open to all; nothing is kept. Says of a known document only that it is known, never whom it concerns."""

    authentication_classes = [OptionalTokenAuthentication]
    permission_classes = [AllowAny]
    throttle_classes: list[type[BaseThrottle]] = [Verifications]
    parser_classes = [MultiPartParser, FormParser]

    def throttled(self, request: Request, wait: float) -> NoReturn:
        leave_unread(request._request)
        super().throttled(request, wait)

    @answers(
        200,
        VerifyOut,
        request=a_multipart(VerifyIn),
        auth=[],
        summary="Verify the signatures of a PDF",
        refusals=VERIFYING,
    )
    def post(self, request: Request) -> Response:
        try:
            with admitted():
                body = VerifyIn(data=request.data)
                body.is_valid(raise_exception=True)
                found = verify_upload(body.validated_data["file"])
        except VerificationBusy:
            leave_unread(request._request)
            raise
        return Response(
            {
                "known": found.known,
                "sha256": found.sha256,
                "verdict": found.verdict.value,
                "detail": verdict_words(found.verdict).sentence,
                "signatures": [
                    {
                        "signer": signature.signer,
                        "signed_at": signature.signed_at,
                        "timestamped_at": signature.timestamped_at,
                        "time_trusted": signature.time_trusted,
                        "revoked_at": signature.revoked_at,
                        "valid": signature.valid,
                        "judgement": signature.judgement,
                        "is_time_stamp": signature.is_time_stamp,
                        "covers_whole_document": signature.covers_whole_document,
                        "level": signature.level,
                        "trusted": signature.trusted,
                        "integrity": signature.integrity.value,
                        "trust": signature.trust.value,
                        "issuer": signature.issuer,
                        "detail": f"{integrity_words(signature).sentence} {trust_words(signature).sentence}",
                    }
                    for signature in found.signatures
                ],
            }
        )
