"""The patients' portal."""

from django.urls import path

from portals.patient import account, documents, invitation

app_name = "patient"
urlpatterns = [
    path("invitation/code/", invitation.code, name="invitation-code"),
    path("invitation/birth-date/", invitation.birth_date, name="invitation-birth-date"),
    path("invitation/password/", invitation.password, name="invitation-password"),
    path("invitation/confirm/", invitation.confirm, name="invitation-confirm"),
    path("invitation/<str:token>/", invitation.start, name="invitation"),
    path("invitation/<str:token>/renew/", invitation.renew, name="invitation-renew"),
    path("documents/", documents.my_documents, name="documents"),
    path("documents/zip/", documents.all_as_zip, name="documents-zip"),
    path("documents/<uuid:pk>/", documents.document, name="document"),
    path("documents/<uuid:pk>/open/", documents.open_document, name="document-open"),
    path("documents/<uuid:pk>/pages/<int:page>/", documents.page_picture, name="document-page"),
    path("documents/<uuid:pk>/download/", documents.download, name="document-download"),
    path("my-account/", account.my_account, name="account"),
]
