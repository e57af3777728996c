"""Texts of the messages of sharing, by the number of documents, in the active language."""

from __future__ import annotations

from dataclasses import dataclass

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

    def of_a_link(self) -> tuple[str, str, str]:
        """For an automatic sending: subject and sentence of the email, and the template of the SMS with `practice`,
        `count`, `details` and `link`."""
        subject = ngettext(
            "Un document pour votre rendez-vous", "%(count)d documents pour votre rendez-vous", self.count
        )
        sentence = ngettext(
            "Nous vous envoyons un document pour votre rendez-vous.",
            "Nous vous envoyons %(count)d documents pour votre rendez-vous.",
            self.count,
        )
        sms = ngettext(
            "%(practice)s, document pour votre RDV%(details)s : %(link)s",
            "%(practice)s, %(count)s documents pour votre RDV%(details)s : %(link)s",
            self.count,
        )
        return subject % {"count": self.count}, sentence % {"count": self.count}, sms
