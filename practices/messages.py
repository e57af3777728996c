"""Messages about members of a practice."""

from __future__ import annotations

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.letters import site_host
from notifications.letters import Button, Fact, plan_letter
from notifications.wording import moment, unlinked
from practices.letters import from_practice
from practices.models import ColleagueInvitation
from practices.wording import period_in_words, rights_in_words


def send_invitation(invitation: ColleagueInvitation, link: str) -> None:
    """Invite a colleague, with the link that only this email holds."""
    practice = invitation.practice
    inviter = unlinked(invitation.invited_by.get_full_name()) if invitation.invited_by else ""
    with translation.override(practice.language), timezone.override(practice.zone):
        facts = [
            Fact(_("Pour"), unlinked(invitation.full_name)),
            Fact(_("Invité par"), inviter),
            Fact(_("Vos droits"), ", ".join(rights_in_words(invitation.roles))),
            Fact(_("Votre accès"), period_in_words(invitation.period)),
        ]
        letter = from_practice(
            practice,
            about=_("Vous êtes invité à rejoindre l’équipe"),
            paragraphs=[
                _("Bonjour,"),
                _("%(practice)s vous invite à travailler avec son équipe sur %(host)s.")
                % {"practice": unlinked(practice.name_in_messages), "host": site_host()},
                _(
                    "Vous choisirez vous-même votre mot de passe ou votre clé d’accès. Si vous avez déjà un compte, "
                    "vous le garderez."
                ),
            ],
            facts=facts,
            button=Button(_("Voir l’invitation"), link),
            small=[
                _("Ce lien ne sert qu’une fois, jusqu’au %(until)s.") % {"until": moment(invitation.expires_at)},
                _("Si vous n’attendez pas cette invitation, ne faites rien."),
            ],
        )
        plan_letter(letter, to=invitation.email, language=practice.language, about=invitation.pk)
