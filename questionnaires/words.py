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


GENERAL = gettext_lazy(
    "Retirez-le du fichier si les questions restent justes sans lui ; sinon, récrivez la question."
)
WRITE_OPTIONS = gettext_lazy("Écrivez les réponses proposées une à une dans « answerOption ».")
EDIT_IT = gettext_lazy("Corrigez cette valeur dans le fichier, ou retirez l’élément.")
ADVICE: dict[str, StrOrPromise] = {
    "no_title": gettext_lazy("Ajoutez « title » au début du fichier."),
    "not_a_questionnaire": gettext_lazy(
        "Choisissez le fichier d’un questionnaire, ou exportez-le de nouveau en FHIR R4."
    ),
    "unknown_element": GENERAL,
    "unknown_type": gettext_lazy(
        "Choisissez un autre type : texte (« string »), choix (« choice »), oui ou non (« boolean »), nombre ou date."
    ),
    "unknown_extension": GENERAL,
    "unknown_control": gettext_lazy(
        "Retirez cette extension : la page choisit elle-même comment une question se présente."
    ),
    "unknown_operator": gettext_lazy("Écrivez un des opérateurs de FHIR R4 : exists, =, !=, >, <, >=, <=."),
    "status": gettext_lazy("Écrivez « active »."),
    "subject_type": gettext_lazy('Écrivez ["Patient"], ou retirez l’élément.'),
    "not_a_text": EDIT_IT,
    "not_a_boolean": EDIT_IT,
    "not_a_list": gettext_lazy("Mettez la valeur entre crochets : [ … ]."),
    "not_an_object": gettext_lazy("Mettez la valeur entre accolades : { … }."),
    "no_value": gettext_lazy("Ajoutez la valeur, ou retirez l’élément."),
    "not_a_value": EDIT_IT,
    "no_link_id": gettext_lazy("Donnez à la question un « linkId » à elle, par exemple son numéro."),
    "link_id_twice": gettext_lazy("Donnez un autre « linkId » à l’une des deux."),
    "too_many_items": gettext_lazy("Faites-en deux questionnaires."),
    "too_deep": gettext_lazy("Remontez ces questions d’un niveau."),
    "no_enable_behavior": gettext_lazy(
        "Ajoutez « enableBehavior » : « all » si toutes comptent, « any » si une suffit."
    ),
    "options_of_another_type": gettext_lazy(
        "Changez le type de la question en « choice », ou retirez les réponses proposées."
    ),
    "bound_of_another_type": EDIT_IT,
    "unit_of_another_type": gettext_lazy("Changez le type de la question en « quantity », ou retirez l’unité."),
    "ordinal": gettext_lazy("Donnez les points par « valueDecimal »."),
    "max_length": EDIT_IT,
    "initial": EDIT_IT,
    "display_with_items": gettext_lazy("Changez son type en « group », ou sortez les questions qu’il contient."),
    "display_is_asked": gettext_lazy("Retirez « required » et « repeats »."),
    "repeated_group": gettext_lazy("Retirez « repeats », ou écrivez les questions autant de fois qu’il le faut."),
    "score_range": EDIT_IT,
    "no_text": gettext_lazy("Ajoutez son texte dans « text »."),
    "empty_group": gettext_lazy("Ajoutez-y des questions, ou retirez la section."),
    "no_options": WRITE_OPTIONS,
    "option_twice": gettext_lazy("Gardez-en une."),
    "bounds": gettext_lazy("Corrigez l’une des deux limites."),
    "condition_on_nothing": gettext_lazy(
        "Nommez une question du fichier par son « linkId », ou retirez la condition."
    ),
    "condition_of_another_type": gettext_lazy(
        "Comparez avec une réponse que la question peut avoir, ou retirez la condition."
    ),
    "condition_in_a_circle": gettext_lazy("Retirez une des conditions."),
    "ranges_without_score": gettext_lazy("Donnez des points aux réponses, ou retirez les intervalles."),
    "ranges_overlap": EDIT_IT,
    "too_long": gettext_lazy("Raccourcissez-le."),
}
ADVICE_FOR: dict[str, StrOrPromise] = {
    "answerValueSet": WRITE_OPTIONS,
    "options": WRITE_OPTIONS,
    "readOnly": gettext_lazy(
        "Le patient répond à chaque question : faites-en un texte d’information (« display »), ou retirez-la."
    ),
    "attachment": gettext_lazy("Retirez la question, et demandez le fichier par une demande de document."),
    "reference": gettext_lazy("Changez le type en « string » ou « choice »."),
    "url": gettext_lazy("Changez le type en « string »."),
    "question": gettext_lazy("Changez le type en « group » pour une section, sinon en celui de la réponse."),
    "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden": gettext_lazy(
        "Chaque question est montrée : retirez celle-ci, ou l’extension."
    ),
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression": gettext_lazy(
        "Seule une somme se calcule : donnez des points aux réponses (« ordinalValue »), et retirez cette question."
    ),
    "http://hl7.org/fhir/StructureDefinition/regex": gettext_lazy(
        "Dites la forme attendue dans l’aide de la question, et retirez l’extension."
    ),
}


def advice_on(fault: Fault) -> str:
    """What whoever imports a questionnaire does about it. Names of elements are FHIR’s, as in the file."""
    return str(ADVICE_FOR.get(fault.detail) or ADVICE[fault.code])
