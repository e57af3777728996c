"""The sentence of each fault (questionnaires/fhir/faults.py), as a practice or a patient reads it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django_stubs_ext import StrOrPromise

from questionnaires.fhir.faults import Fault

COUNTED = {"too_many_items", "too_deep", "too_long"}  # their detail is a number
SENTENCES: dict[str, StrOrPromise] = {
    # The JSON of a questionnaire
    "no_title": gettext_lazy("L’élément « title » manque : donnez un titre."),
    "not_a_questionnaire": gettext_lazy("Ce JSON n’est pas une ressource FHIR R4 Questionnaire."),
    "not_a_response": gettext_lazy("Ce JSON n’est pas une ressource FHIR R4 QuestionnaireResponse."),
    "unknown_element": gettext_lazy("L’élément « %(detail)s » n’est pas pris en charge."),
    "unknown_type": gettext_lazy("Le type « %(detail)s » n’est pas pris en charge."),
    "unknown_extension": gettext_lazy("L’extension « %(detail)s » n’est pas prise en charge."),
    "unknown_control": gettext_lazy("L’affichage « %(detail)s » n’est pas pris en charge."),
    "unknown_operator": gettext_lazy("L’opérateur « %(detail)s » n’existe pas."),
    "status": gettext_lazy("L’élément « status » manque, ou n’est pas une valeur de FHIR R4."),
    "subject_type": gettext_lazy("Un questionnaire porte sur un patient : « subjectType » est « Patient »."),
    "not_a_text": gettext_lazy("L’élément « %(detail)s » n’est pas un texte."),
    "not_a_boolean": gettext_lazy("L’élément « %(detail)s » n’est ni true ni false."),
    "not_a_list": gettext_lazy("L’élément « %(detail)s » n’est pas une liste."),
    "not_an_object": gettext_lazy("Un élément de « %(detail)s » n’est pas un objet."),
    "no_value": gettext_lazy("Il manque une valeur « %(detail)s[x] »."),
    "not_a_value": gettext_lazy("Une valeur n’a pas la forme de son type."),
    "no_link_id": gettext_lazy("Une question n’a pas de « linkId », ou il dépasse 255 caractères."),
    "link_id_twice": gettext_lazy("Deux questions ont le même « linkId »."),
    "too_many_items": ngettext_lazy(
        "Ce questionnaire a plus de %(detail)s question.",
        "Ce questionnaire a plus de %(detail)s questions.",
        "detail",
    ),
    "too_deep": ngettext_lazy(
        "Les questions sont imbriquées sur plus de %(detail)s niveau.",
        "Les questions sont imbriquées sur plus de %(detail)s niveaux.",
        "detail",
    ),
    "no_enable_behavior": gettext_lazy("Avec plusieurs conditions, « enableBehavior » dit « all » ou « any »."),
    "options_of_another_type": gettext_lazy("Seule une question à choix a des réponses proposées."),
    "bound_of_another_type": gettext_lazy("Une limite n’a pas le type de la question."),
    "unit_of_another_type": gettext_lazy("Seule une question de quantité a une unité."),
    "ordinal": gettext_lazy("Les points d’une réponse ne sont pas un nombre décimal."),
    "max_length": gettext_lazy("La longueur maximale n’est pas un nombre, ou la question n’est pas un texte."),
    "initial": gettext_lazy("La réponse proposée d’avance ne convient pas à la question."),
    "display_with_items": gettext_lazy("Un texte d’information ne contient pas d’autre question."),
    "display_is_asked": gettext_lazy("Un texte d’information ne se remplit pas : il n’est ni obligatoire ni répété."),
    "repeated_group": gettext_lazy("Une section, ou une question suivie de sous-questions, ne se répète pas."),
    "score_range": gettext_lazy("Un intervalle du score n’a pas de texte, ou ses limites ne sont pas des nombres."),
    # What an administrator mends in the editor
    "no_text": gettext_lazy("Cette question n’a pas de texte."),
    "empty_group": gettext_lazy("Cette section n’a aucune question."),
    "no_options": gettext_lazy("Cette question à choix n’a aucune réponse proposée."),
    "option_twice": gettext_lazy("Une réponse est proposée deux fois."),
    "bounds": gettext_lazy("La plus petite valeur dépasse la plus grande."),
    "condition_on_nothing": gettext_lazy("La condition porte sur une question qui n’existe plus."),
    "condition_of_another_type": gettext_lazy(
        "La condition compare avec une réponse que cette question ne peut avoir."
    ),
    "condition_in_a_circle": gettext_lazy("Cette question dépend d’elle-même."),
    "ranges_without_score": gettext_lazy("Il y a des intervalles de score, mais aucune réponse ne donne de points."),
    "ranges_overlap": gettext_lazy("Les intervalles du score se chevauchent, ou ne sont pas dans l’ordre."),
    "another_questionnaire": gettext_lazy("Ces réponses nomment un autre questionnaire : « %(detail)s »."),
    # What a patient mends
    "required": gettext_lazy("Répondez à cette question."),
    "not_asked": gettext_lazy("Ce questionnaire ne pose pas la question « %(detail)s »."),
    "answered_twice": gettext_lazy("Cette question a deux fois la même réponse."),
    "too_many_answers": gettext_lazy("Cette question a trop de réponses."),
    "not_an_option": gettext_lazy("Choisissez une des réponses proposées."),
    "too_long": ngettext_lazy(
        "C’est trop long : %(detail)s caractère au plus.",
        "C’est trop long : %(detail)s caractères au plus.",
        "detail",
    ),
    "year": gettext_lazy("Vérifiez l’année de cette date."),
    "another_unit": gettext_lazy("Cette réponse se donne en %(detail)s."),
    "too_low": gettext_lazy("C’est trop petit : %(detail)s au moins."),
    "too_early": gettext_lazy("C’est trop tôt : %(detail)s au plus tôt."),
    "too_late": gettext_lazy("C’est trop tard : %(detail)s au plus tard."),
    "not_precise": gettext_lazy("Précisez cette date : une partie de %(detail)s est hors des limites."),
    "too_high": gettext_lazy("C’est trop grand : %(detail)s au plus."),
}


def words_of(fault: Fault, detail: str = "") -> str:
    """What is wrong. `detail`: as a page writes that of the fault."""
    if fault.code in COUNTED:
        return SENTENCES[fault.code] % {"detail": int(fault.detail)}
    return SENTENCES[fault.code] % {"detail": detail or fault.detail}


def sentence_of(fault: Fault) -> str:
    """What is wrong, and where if the fault has a linkId."""
    said = words_of(fault)
    return (
        _("Question « %(link_id)s » : %(said)s") % {"link_id": fault.link_id, "said": said} if fault.link_id else said
    )
