"""Texts of the messages of sharing, by the number of documents, in the active language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class Words:
    """`replaced`: every document replaces one that its readers had before."""

    count: int
    replaced: bool = False

    def subject(self) -> str:
        if self.replaced:
            text = ngettext("Un document a été remplacé", "%(count)d documents ont été remplacés", self.count)
        else:
            text = ngettext("Un document vous attend", "%(count)d documents vous attendent", self.count)
        return text % {"count": self.count}

    def sentence(self, practice: str) -> str:
        if self.replaced:
            text = ngettext(
                "%(practice)s a remplacé un document partagé avec vous : seule la nouvelle version compte.",
                "%(practice)s a remplacé %(count)d documents partagés avec vous : seules les nouvelles versions "
                "comptent.",
                self.count,
            )
        else:
            text = ngettext(
                "%(practice)s a partagé un document avec vous.",
                "%(practice)s a partagé %(count)d documents avec vous.",
                self.count,
            )
        return text % {"count": self.count, "practice": practice}

    def sms(self, *, with_account: bool) -> str:
        """A template with `practice`, `count`, `details` and `link`."""
        if self.replaced and with_account:
            return ngettext(
                "%(practice)s a remplacé un document partagé avec vous%(details)s. Connectez-vous : %(link)s",
                "%(practice)s a remplacé %(count)s documents partagés avec vous%(details)s. "
                "Connectez-vous : %(link)s",
                self.count,
            )
        if self.replaced:
            return ngettext(
                "%(practice)s a remplacé un document partagé avec vous%(details)s. Suivez le lien de l’e-mail.",
                "%(practice)s a remplacé %(count)s documents partagés avec vous%(details)s. "
                "Suivez le lien de l’e-mail.",
                self.count,
            )
        if with_account:
            return ngettext(
                "%(practice)s a partagé un document avec vous%(details)s. Connectez-vous : %(link)s",
                "%(practice)s a partagé %(count)s documents avec vous%(details)s. Connectez-vous : %(link)s",
                self.count,
            )
        return ngettext(
            "%(practice)s a partagé un document avec vous%(details)s. Suivez le lien de l’e-mail.",
            "%(practice)s a partagé %(count)s documents avec vous%(details)s. Suivez le lien de l’e-mail.",
            self.count,
        )


@dataclass(frozen=True)
class LinkWords:
    """Of an automatic sending: how many documents it sends, and how many it asks for. Never which. `again`: reminds
    of what is asked, and sends nothing."""

    documents: int
    asked: int = 0
    again: bool = False

    def texts(self) -> tuple[str, str, str]:
        """Subject and sentence of the email, and the template of the SMS with `practice`, `count`, `details` and
        `link`."""
        if self.again:
            return self._of_reminder()
        if self.asked:
            return self._of_both() if self.documents else self._of_asked()
        return self._of_documents()

    def button(self) -> str:
        return _("Voir les documents") if self.documents else _("Voir ce qui est demandé")

    def _of_reminder(self) -> tuple[str, str, str]:
        return (
            _("Rappel : un document est toujours attendu"),
            _("Rappel : nous attendons toujours un document de votre part pour votre rendez-vous."),
            _("%(practice)s attend toujours un document pour votre RDV%(details)s : %(link)s"),
        )

    def _of_both(self) -> tuple[str, str, str]:
        sentence = ngettext(
            "Nous vous envoyons un document pour votre rendez-vous, et nous avons besoin de votre part de ce qui est "
            "écrit sur la même page.",
            "Nous vous envoyons %(count)d documents pour votre rendez-vous, et nous avons besoin de votre part de ce "
            "qui est écrit sur la même page.",
            self.documents,
        )
        return (
            _("Des documents pour votre rendez-vous, envoyés et demandés"),
            sentence % {"count": self.documents},
            _("%(practice)s, documents envoyés et demandés pour votre RDV%(details)s : %(link)s"),
        )

    def _of_asked(self) -> tuple[str, str, str]:
        subject = ngettext(
            "Un document à envoyer pour votre rendez-vous",
            "%(count)d documents à envoyer pour votre rendez-vous",
            self.asked,
        )
        sentence = ngettext(
            "Nous avons besoin d’un document de votre part pour préparer votre rendez-vous.",
            "Nous avons besoin de %(count)d documents de votre part pour préparer votre rendez-vous.",
            self.asked,
        )
        sms = ngettext(
            "%(practice)s vous demande un document pour votre RDV%(details)s : %(link)s",
            "%(practice)s vous demande %(count)s documents pour votre RDV%(details)s : %(link)s",
            self.asked,
        )
        return subject % {"count": self.asked}, sentence % {"count": self.asked}, sms

    def _of_documents(self) -> tuple[str, str, str]:
        subject = ngettext(
            "Un document pour votre rendez-vous", "%(count)d documents pour votre rendez-vous", self.documents
        )
        sentence = ngettext(
            "Nous vous envoyons un document pour votre rendez-vous.",
            "Nous vous envoyons %(count)d documents pour votre rendez-vous.",
            self.documents,
        )
        sms = ngettext(
            "%(practice)s, document pour votre RDV%(details)s : %(link)s",
            "%(practice)s, %(count)s documents pour votre RDV%(details)s : %(link)s",
            self.documents,
        )
        return subject % {"count": self.documents}, sentence % {"count": self.documents}, sms
