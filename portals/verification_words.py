"""The findings of a verification, in plain words: the same on the page and in the API."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.wording import moment_anywhere, of
from signing.pdf.evidence import Evidence
from signing.pdf.examination import ExaminedSignature, Integrity, Trust
from signing.verification import Verdict


@dataclass(frozen=True)
class Words:
    """`tone`: good, wait, bad or soft; always shown with `icon` and `short`, never by colour alone."""

    tone: str
    icon: str
    short: str
    sentence: str


_VERDICTS: dict[Verdict, tuple[str, str, Promise, Promise]] = {
    Verdict.UNSIGNED: (
        "soft",
        "file-earmark",
        gettext_lazy("Aucune signature"),
        gettext_lazy(
            "Ce document ne porte aucune signature électronique : rien ne dit qui l’a écrit, ni s’il a changé."
        ),
    ),
    Verdict.WHOLE: (
        "good",
        "patch-check",
        gettext_lazy("Document signé et intact"),
        gettext_lazy("Ce document est signé, et ce qui a été signé n’a pas changé depuis."),
    ),
    Verdict.UNTRUSTED: (
        "wait",
        "patch-question",
        gettext_lazy("Document intact, signataire non confirmé"),
        gettext_lazy("Ce qui a été signé n’a pas changé depuis, mais ce site ne peut pas confirmer qui a signé."),
    ),
    Verdict.NOT_OURS: (
        "bad",
        "x-octagon",
        gettext_lazy("Signature qui n’est pas de ce site"),
        gettext_lazy(
            "Une signature porte le nom de l’autorité de ce site, mais ce site ne l’a pas faite : elle est "
            "imitée, ou vient d’un autre site du même nom. Ne vous y fiez pas avant que son auteur l’ait "
            "confirmée."
        ),
    ),
    Verdict.REVOKED: (
        "bad",
        "patch-exclamation",
        gettext_lazy("Signé avec un certificat révoqué"),
        gettext_lazy(
            "Ce qui a été signé n’a pas changé depuis, mais le certificat a été révoqué, et quelqu’un d’autre "
            "que son titulaire a pu signer. Demandez à son auteur de le confirmer."
        ),
    ),
    Verdict.ALTERED: (
        "bad",
        "exclamation-triangle",
        gettext_lazy("Document modifié après la signature"),
        gettext_lazy(
            "Quelque chose a été ajouté à ce document après une signature. "
            "Demandez à son auteur le document d’origine."
        ),
    ),
    Verdict.BROKEN: (
        "bad",
        "x-octagon",
        gettext_lazy("Signature non valable"),
        gettext_lazy(
            "Une signature ne correspond pas au document : il a été modifié, ou la signature a été imitée. "
            "Ne vous y fiez pas, et demandez à son auteur le document d’origine."
        ),
    ),
    Verdict.NOT_JUDGED: (
        "wait",
        "question-circle",
        gettext_lazy("Signature non vérifiable ici"),
        gettext_lazy(
            "Rien ne montre que ce document ait été modifié ou sa signature imitée, mais ce site ne peut pas se "
            "prononcer : quelque chose y emploie un procédé qu’il ne connaît pas. Vérifiez-le avec un autre "
            "lecteur de PDF, ou demandez à son auteur de le confirmer."
        ),
    ),
}


def verdict_words(verdict: Verdict) -> Words:
    tone, icon, short, sentence = _VERDICTS[verdict]
    return Words(tone, icon, str(short), str(sentence))


def consent_words(evidence: Evidence, *, sealed_elsewhere: bool = False) -> str:
    """What the signature of a person is, which a practice's seal attests. `sealed_elsewhere`: by the site that the
    practice used before."""
    means = {
        "sms": _("un code reçu par SMS"),
        "passkey": _("une clé d’accès"),
    }[evidence.means]
    by = {
        "patient": _("%(signer)s a signé"),
        "guardian": _("%(signer)s a signé comme responsable légal %(of_patient)s"),
        "holder": _("%(signer)s a signé pour %(patient)s, sur autorisation du cabinet"),
    }[evidence.capacity]
    told = _(
        "C’est une signature électronique simple : %(by)s, et l’a prouvé par %(means)s. Le cabinet n’a pas signé à "
        "sa place : son cachet électronique atteste ces preuves et ce qui a été lu."
    )
    words = told % {
        "by": by % {"signer": evidence.signer, "patient": evidence.patient, "of_patient": of(evidence.patient)},
        "means": means,
    }
    if not sealed_elsewhere:
        return words
    came = _(
        "Le cachet vient du site que ce cabinet utilisait avant : ce site-ci a vérifié ces preuves quand le cabinet "
        "y est arrivé, et ce fichier est exactement celui qu’il a reçu."
    )
    return f"{words} {came}"


def integrity_words(signature: ExaminedSignature) -> Words:
    return {
        Integrity.WHOLE: Words("good", "check-circle", _("Intact"), _("Rien n’a changé depuis.")),
        Integrity.VALIDATED: Words(
            "good",
            "check-circle",
            _("Intact, avec ses preuves"),
            _(
                "Ce qui a été signé n’a pas changé. Seules des preuves de validation (certificats, horodatage) ont "
                "été ajoutées ensuite."
            ),
        ),
        Integrity.SIGNED_AGAIN: Words(
            "good",
            "check-circle",
            _("Intact, signé de nouveau"),
            _("Ce qui a été signé n’a pas changé. Seule une autre signature a été ajoutée ensuite."),
        ),
        Integrity.FILLED_IN: Words(
            "bad",
            "exclamation-triangle",
            _("Formulaire rempli ensuite"),
            _("Des champs de formulaire ont été remplis après cette signature : elle ne les couvre pas."),
        ),
        Integrity.ALTERED: Words(
            "bad",
            "exclamation-triangle",
            _("Modifié ensuite"),
            _("Le document a été modifié après cette signature : ce que vous voyez n’est pas ce qui a été signé."),
        ),
        Integrity.BROKEN: Words(
            "bad",
            "x-circle",
            _("Non valable"),
            _("Cet horodatage ne correspond pas au document.")
            if signature.is_time_stamp
            else _("Cette signature ne correspond pas au document."),
        ),
        Integrity.NOT_JUDGED: _not_judged(signature),
    }[signature.integrity]


def _not_judged(signature: ExaminedSignature) -> Words:
    if signature.trust is Trust.NOT_ISSUED:
        return Words(
            "bad",
            "x-circle",
            _("Non garanti"),
            _("Cette signature n’est pas de ce site, bien qu’elle le dise : elle ne prouve rien de ce document."),
        )
    if signature.valid:
        sentence = _(
            "Ce qui a été signé n’a pas changé, mais quelque chose a été ajouté ensuite, d’une sorte que ce site ne "
            "connaît pas : il ne peut pas dire si c’est permis."
        )
    else:
        sentence = _(
            "Ce site ne peut pas se prononcer : cette signature emploie un procédé qu’il ne connaît pas, ou il y "
            "manque ce qui permettrait de la vérifier. Elle n’est pas pour autant imitée. Le nom est celui "
            "qu’annonce son certificat."
        )
    return Words("wait", "question-circle", _("Non vérifiable ici"), sentence)


def trust_words(signature: ExaminedSignature) -> Words:
    return {
        Trust.TRUSTED: Words("good", "person-check", _("Signataire confirmé"), _confirmed(signature)),
        Trust.UNKNOWN_ISSUER: Words(
            "wait",
            "person-exclamation",
            _("Signataire non confirmé"),
            _("Le certificat vient d’un émetteur que ce site ne connaît pas : « %(issuer)s ».")
            % {"issuer": signature.issuer},
        ),
        Trust.NOT_ISSUED: Words(
            "bad",
            "person-x",
            _("Pas de ce site"),
            _(
                "Le certificat porte le nom de l’autorité de ce site, mais ce site ne l’a pas émis : le nom du "
                "signataire n’est garanti par personne."
            ),
        ),
        Trust.EXPIRED: Words(
            "wait",
            "person-exclamation",
            _("Certificat expiré"),
            _("Le certificat du signataire n’est pas, ou n’est plus, dans ses dates de validité."),
        ),
        Trust.REVOKED: Words(
            "bad",
            "person-x",
            _("Certificat révoqué"),
            _revoked(signature),
        ),
        Trust.UNSUITABLE: Words(
            "wait",
            "person-exclamation",
            _("Certificat inadapté"),
            _("Le certificat du signataire n’est pas fait pour signer des documents."),
        ),
        Trust.WEAK: Words(
            "wait",
            "person-exclamation",
            _("Procédé ancien"),
            _(
                "La signature ou le certificat repose sur un procédé ancien (SHA-1), qui n’est plus sûr : ce site ne "
                "peut pas confirmer qui a signé."
            ),
        ),
        Trust.UNKNOWN: Words(
            "wait",
            "person-exclamation",
            _("Signataire non confirmé"),
            _("Ce site n’a pas pu vérifier le certificat du signataire."),
        ),
    }[signature.trust]


def _confirmed(signature: ExaminedSignature) -> str:
    if not signature.issued_here:
        return _(
            "Le certificat vient d’un émetteur connu de ce site : « %(issuer)s ». Ce site ne demande pas à cet "
            "émetteur s’il l’a révoqué depuis."
        ) % {"issuer": signature.issuer}
    if signature.revoked_at:
        return _(
            "Le certificat du signataire a été émis par ce site, puis révoqué le %(at)s. L’horodatage prouve que la "
            "signature est plus ancienne : elle reste valable."
        ) % {"at": moment_anywhere(signature.revoked_at)}
    return _("Le certificat du signataire a été émis par ce site.")


def _revoked(signature: ExaminedSignature) -> str:
    if not signature.revoked_at:
        return _("Le certificat du signataire a été révoqué par son émetteur.")
    at = {"at": moment_anywhere(signature.revoked_at)}
    if signature.made_after_revocation:
        return _("Le certificat du signataire avait été révoqué avant cette signature, le %(at)s.") % at
    return (
        _(
            "Le certificat du signataire a été révoqué le %(at)s. La signature se dit plus ancienne, mais aucun "
            "horodatage de confiance ne le prouve."
        )
        % at
    )


def level_words(level: str, *, time_trusted: bool = True) -> str:
    """PAdES baseline levels (ETSI EN 319 142-1), for readers who do not know them. If this site does not trust the
    time-stamp authority, the sentence says that the authority is unknown."""
    if not time_trusted and level in ("B-T", "B-LT", "B-LTA"):
        return {
            "B-T": _(
                "Avec horodatage (PAdES B-T), par une autorité que ce site ne connaît pas : la date "
                "n’est pas confirmée."
            ),
            "B-LT": _(
                "Longue durée (PAdES B-LT), mais horodatée par une autorité que ce site ne connaît pas : la date "
                "n’est pas confirmée."
            ),
            "B-LTA": _(
                "Archivage (PAdES B-LTA), mais horodatée par une autorité que ce site ne connaît pas : la date "
                "n’est pas confirmée."
            ),
        }[level]
    return {
        "": _("Signature d’une autre forme que PAdES : la date est celle qu’annonce le logiciel qui a signé."),
        "B-B": _("Signature simple (PAdES B-B) : la date est celle qu’annonce le logiciel qui a signé."),
        "B-T": _("Avec horodatage (PAdES B-T) : une autorité a certifié la date."),
        "B-LT": _("Longue durée (PAdES B-LT) : horodatée, avec les preuves pour la vérifier plus tard."),
        "B-LTA": _("Archivage (PAdES B-LTA) : horodatée, avec ses preuves, elles-mêmes horodatées."),
    }.get(level, level)
