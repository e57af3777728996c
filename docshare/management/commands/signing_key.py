"""`manage.py signing_key --user EMAIL --pkcs11 URI`: signs with a key that stays in a token or a remote service."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from practices.models import Practice
from signing.key_places import install_key
from signing.models import KeyPlace
from signing.pdf.imported import CertificateRefused
from signing.pdf.keys import KeyUnavailable


class Command(BaseCommand):
    help = "Signs with a key that stays in a security module (PKCS#11) or a remote service, from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        owner = parser.add_mutually_exclusive_group(required=True)
        owner.add_argument("--user", metavar="EMAIL", help="the practitioner whose key it is")
        owner.add_argument("--practice", metavar="ID", help="the practice whose key it is")
        key = parser.add_mutually_exclusive_group(required=True)
        key.add_argument("--pkcs11", metavar="URI", help="pkcs11:token=NAME;object=LABEL (RFC 7512)")
        key.add_argument("--remote", metavar="CREDENTIAL", help="the credential's id at CSC_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        place = KeyPlace.PKCS11 if options["pkcs11"] else KeyPlace.REMOTE
        try:
            credential = install_key(
                owner=_owner(options), key_place=place, reference=options["pkcs11"] or options["remote"]
            )
        except KeyUnavailable as error:
            raise CommandError(
                f"The key cannot be used ({error}). Check its name, the library or URL, the PIN."
            ) from error
        except CertificateRefused as error:
            raise CommandError(error.sentence) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Signs with it until {credential.not_after:%Y-%m-%d}.")


def _owner(options: dict[str, Any]) -> User | Practice:
    try:
        if options["user"]:
            return User.objects.get(email__iexact=options["user"])
        return Practice.objects.get(pk=options["practice"])
    except (User.DoesNotExist, Practice.DoesNotExist, ValidationError) as error:
        raise CommandError("No such user or practice.") from error
