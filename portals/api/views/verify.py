"""What is signed in a PDF, for anyone."""

from __future__ import annotations

from typing import Any, NoReturn

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
from portals.verification_words import consent_words, integrity_words, trust_words, verdict_words
from signing.pdf.examination import ExaminedSignature
from signing.verification import Verdict, VerificationBusy, admitted, verify_upload


def to_programs(verdict: Verdict) -> Verdict:
    """Programs know the verdicts of the first contract, and have the trust of each signature beside it."""
    return Verdict.UNTRUSTED if verdict is Verdict.NOT_OURS else verdict


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
        """A signature whose certificate names this installation's authority and did not come from it is `untrusted`,
        with the trust `not_issued`."""
        try:
            with admitted():
                body = VerifyIn(data=request.data)
                body.is_valid(raise_exception=True)
                verification = verify_upload(body.validated_data["file"])
        except VerificationBusy:
            leave_unread(request._request)
            raise
        return Response(
            {
                "known": verification.known,
                "sha256": verification.sha256,
                "verdict": to_programs(verification.verdict).value,
                "detail": verdict_words(verification.verdict).sentence,
                "signatures": [
                    {
                        "signer": signature.signer,
                        "signed_at": signature.signed_at if signature.valid else None,
                        "claimed_at": signature.signed_at,
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
                        "consent": consent_out(signature),
                        "detail": f"{integrity_words(signature).sentence} {trust_words(signature).sentence}",
                    }
                    for signature in verification.signatures
                ],
            }
        )


def consent_out(signature: ExaminedSignature) -> dict[str, Any] | None:
    """What a practice's seal attests; no contact of it, though masked: anybody may hold the file."""
    evidence = signature.consent
    if evidence is None:
        return None
    return {
        "signer": evidence.signer,
        "capacity": evidence.capacity,
        "patient": evidence.patient,
        "means": evidence.means,
        "challenge": evidence.challenge,
        "at": evidence.moment,
        "read_sha256": evidence.read_sha256,
        "read_size": evidence.read_size,
        "sentences": list(evidence.sentences),
        "detail": consent_words(evidence, sealed_elsewhere=signature.sealed_elsewhere),
    }
