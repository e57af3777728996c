"""The patients' portal."""

from django.urls import path

from portals.patient import account, appointments, booking, documents, invitation, joining, offer, own_data, requests

app_name = "patient"
urlpatterns = [
    path("o/<str:token>", offer.offer, name="offer"),
    path("invitation/code/", invitation.code, name="invitation-code"),
    path("invitation/birth-date/", invitation.birth_date, name="invitation-birth-date"),
    path("invitation/password/", invitation.password, name="invitation-password"),
    path("invitation/confirm/", invitation.confirm, name="invitation-confirm"),
    path("invitation/<str:token>/", invitation.start, name="invitation"),
    path("invitation/<str:token>/renew/", invitation.renew, name="invitation-renew"),
    path("book/", booking.practices, name="book"),
    path("book/<uuid:practice>/", booking.reasons, name="book-reasons"),
    path("book/<uuid:agenda>/<uuid:reason>/<str:kind>/", booking.slots, name="book-slots"),
    path("book/join/", joining.join, name="join"),
    path("book/join/codes/", joining.codes, name="join-codes"),
    path("book/join/password/", joining.password, name="join-password"),
    path("book/<uuid:agenda>/<uuid:reason>/<str:kind>/hold/", joining.hold, name="book-hold"),
    path("book/<uuid:agenda>/<uuid:reason>/<str:kind>/whom/", booking.whom, name="book-whom"),
    path("book/<uuid:agenda>/<uuid:reason>/<str:kind>/confirm/", booking.confirm, name="book-confirm"),
    path("my-appointments/", appointments.my_appointments, name="appointments"),
    path("my-appointments/<uuid:pk>/", appointments.appointment, name="appointment"),
    path("my-appointments/<uuid:pk>/calendar.ics", appointments.calendar_file, name="appointment-calendar"),
    path("my-appointments/<uuid:pk>/cancel/", appointments.cancel, name="appointment-cancel"),
    path("my-appointments/<uuid:pk>/move/", appointments.move, name="appointment-move"),
    path("relatives/<uuid:pk>/remove/", account.remove_relative, name="relative-remove"),
    path("documents/", documents.my_documents, name="documents"),
    path("documents/zip/", documents.all_as_zip, name="documents-zip"),
    path("documents/<uuid:pk>/", documents.document, name="document"),
    path("documents/<uuid:pk>/open/", documents.open_document, name="document-open"),
    path("documents/<uuid:pk>/pages/<int:page>/", documents.page_picture, name="document-page"),
    path("documents/<uuid:pk>/download/", documents.download, name="document-download"),
    path("requests/", requests.my_requests, name="requests"),
    path("requests/<uuid:pk>/", requests.my_request, name="request"),
    path("requests/sent/<uuid:pk>/take-back/", requests.take_back_file, name="sent-take-back"),
    path("requests/sent/<uuid:pk>/download/", requests.download_file, name="sent-download"),
    path("my-account/", account.my_account, name="account"),
    path("my-account/activity/", account.activity, name="activity"),
    path("my-account/devices/<uuid:pk>/forget/", account.forget_device, name="device-forget"),
    path("my-account/data/", own_data.my_data, name="my-data"),
    path("my-account/data/download/", own_data.download_my_data, name="my-data-download"),
    path("my-account/close/", own_data.close_my_account, name="account-close"),
    path("my-account/mobile/", account.change_mobile, name="mobile"),
    path("my-account/mobile/code/", account.new_mobile_code, name="mobile-code"),
]
