"""The staff's portal, below /pro/."""

from django.urls import path

from portals.practitioner import agenda, appointment, library, patients, rules, share, signature

app_name = "practitioner"
urlpatterns = [
    path("", agenda.agenda, name="agenda"),
    path("appointments/new/", appointment.new_appointment, name="appointment-new"),
    path("appointments/<uuid:pk>/", appointment.appointment, name="appointment"),
    path("appointments/<uuid:pk>/share/", share.share, name="share"),
    path("appointments/<uuid:pk>/contacts/", share.complete_contacts, name="contacts"),
    path("appointments/<uuid:pk>/authorise/", share.authorise, name="authorise"),
    path("appointments/<uuid:pk>/withdraw/", share.withdraw, name="withdraw"),
    path("appointments/<uuid:pk>/keep/", appointment.keep_documents_with_holder, name="keep"),
    path("appointments/<uuid:pk>/move/", appointment.move_appointment, name="move"),
    path("appointments/<uuid:pk>/history/", appointment.history, name="history"),
    path("appointments/<uuid:pk>/cancel/", appointment.cancel_appointment, name="cancel"),
    path("appointments/<uuid:pk>/delete/", appointment.delete_appointment, name="delete"),
    path("documents/<uuid:pk>/take-back/", share.take_back_document, name="take-back"),
    path("documents/<uuid:pk>/download/", share.download, name="document-download"),
    path("patients/", patients.patients, name="patients"),
    path("patients/<uuid:pk>/", patients.patient, name="patient"),
    path("patients/<uuid:pk>/invite/", patients.invite, name="invite"),
    path("library/", library.library, name="library"),
    path("library/<uuid:pk>/archive/", library.archive_document, name="library-archive"),
    path("library/<uuid:pk>/content/", library.content, name="library-content"),
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rules.rule, name="rule-new"),
    path("rules/<uuid:pk>/", rules.rule, name="rule"),
    path("rules/<uuid:pk>/delete/", rules.remove_rule, name="rule-delete"),
    path("auto-sends/<uuid:pk>/send/", rules.send, name="auto-send-now"),
    path("auto-sends/<uuid:pk>/stop/", rules.stop, name="auto-send-stop"),
    path("links/<uuid:pk>/close/", rules.close_link, name="link-close"),
    path("signature/", signature.my_signature, name="signature"),
    path("signature/image/", signature.image, name="signature-image"),
]
