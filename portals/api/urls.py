"""The HTTP API, version 1 (shared contract)."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from portals.api.errors import not_found
from portals.api.views import (
    appointments,
    auto_sends,
    bookings,
    documents,
    imports,
    library,
    me,
    members,
    patients,
    practice,
    receiving,
    schedule,
    verify,
)

schema = login_not_required(SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[AllowAny]))
docs = login_not_required(
    SpectacularSwaggerSplitView.as_view(
        url_name="api:schema", authentication_classes=[], permission_classes=[AllowAny]
    )
)

app_name = "api"
urlpatterns = [
    path("schema/", schema, name="schema"),
    path("docs/", docs, name="docs"),
    path("practice/", practice.PracticeDetail.as_view()),
    path("patients/", patients.Patients.as_view()),
    path("patients/<uuid:pk>/", patients.PatientDetail.as_view()),
    path("patients/<uuid:pk>/accesses/", patients.Accesses.as_view()),
    path("patients/<uuid:pk>/accesses/<uuid:access_id>/", patients.AccessDetail.as_view()),
    path("patients/<uuid:pk>/merge/", patients.MergeRecords.as_view()),
    path("patients/<uuid:pk>/unmerge/", patients.UnmergeRecords.as_view()),
    path("patients/<uuid:pk>/confirm-contacts/", patients.ConfirmContacts.as_view()),
    path("agendas/", practice.Agendas.as_view()),
    path("agendas/<uuid:pk>/", practice.AgendaDetail.as_view()),
    path("agendas/<uuid:pk>/slots/", bookings.Slots.as_view()),
    path("agendas/<uuid:pk>/opening-hours/", schedule.OpeningHoursOfAgenda.as_view()),
    path("closings/", schedule.Closings.as_view()),
    path("closings/holidays/", schedule.Holidays.as_view()),
    path("closings/<uuid:pk>/", schedule.ClosingDetail.as_view()),
    path("bookings/", bookings.Bookings.as_view()),
    path("bookings/<uuid:pk>/", bookings.BookingDetail.as_view()),
    path("visit-reasons/", practice.VisitReasons.as_view()),
    path("visit-reasons/<uuid:pk>/", practice.VisitReasonDetail.as_view()),
    path("appointments/", appointments.Appointments.as_view()),
    path("appointments/<uuid:pk>/", appointments.AppointmentDetail.as_view()),
    path("appointments/<uuid:pk>/cancel/", appointments.CancelAppointment.as_view()),
    path("appointments/<uuid:pk>/reinstate/", appointments.ReinstateAppointment.as_view()),
    path("appointments/<uuid:pk>/recipient/", appointments.RecipientView.as_view()),
    path("appointments/<uuid:pk>/authorise-holder/", appointments.AuthoriseHolder.as_view()),
    path("appointments/<uuid:pk>/documents/", documents.AppointmentDocuments.as_view()),
    path("appointments/<uuid:pk>/history/", appointments.History.as_view()),
    path("appointments/<uuid:pk>/auto-sends/", auto_sends.AppointmentAutoSends.as_view()),
    path("appointments/<uuid:pk>/requests/", receiving.AppointmentRequests.as_view()),
    path("appointments/<uuid:pk>/received/", receiving.AppointmentReceived.as_view()),
    path("requests/<uuid:pk>/", receiving.RequestDetail.as_view()),
    path("received/<uuid:pk>/", receiving.ReceivedDetail.as_view()),
    path("received/<uuid:pk>/content/", receiving.ReceivedContent.as_view()),
    path("received/<uuid:pk>/accept/", receiving.AcceptReceived.as_view()),
    path("received/<uuid:pk>/refuse/", receiving.RefuseReceived.as_view()),
    path("auto-send-rules/", auto_sends.Rules.as_view()),
    path("auto-send-rules/<uuid:pk>/", auto_sends.RuleDetail.as_view()),
    path("documents/<uuid:pk>/", documents.DocumentDetail.as_view()),
    path("documents/<uuid:pk>/content/", documents.DocumentContent.as_view()),
    path("imports/", imports.Imports.as_view()),
    path("imports/<uuid:pk>/", imports.ImportDetail.as_view()),
    path("imports/<uuid:pk>/start/", imports.StartImport.as_view()),
    path("imports/<uuid:pk>/undo/", imports.UndoImport.as_view()),
    path("categories/", documents.Categories.as_view()),
    path("library/", library.Library.as_view()),
    path("library/files/", library.LibraryFiles.as_view()),
    path("library/<uuid:pk>/", library.LibraryDetail.as_view()),
    path("library/<uuid:pk>/file/", library.LibraryFile.as_view()),
    path("library/<uuid:pk>/content/", library.LibraryContent.as_view()),
    path("members/", members.Members.as_view()),
    path("members/<uuid:pk>/", members.MemberDetail.as_view()),
    path("members/<uuid:pk>/invite-again/", members.InviteAgain.as_view()),
    path("me/", me.Me.as_view()),
    path("me/documents/", documents.MyDocuments.as_view()),
    path("me/documents/<uuid:pk>/", documents.MyDocument.as_view()),
    path("me/documents/<uuid:pk>/content/", documents.MyDocumentContent.as_view()),
    path("me/requests/", receiving.MyRequests.as_view()),
    path("me/requests/<uuid:pk>/files/", receiving.MyRequestFiles.as_view()),
    path("me/received/", receiving.MyReceived.as_view()),
    path("me/received/<uuid:pk>/", receiving.MyReceivedDetail.as_view()),
    path("me/received/<uuid:pk>/content/", receiving.MyReceivedContent.as_view()),
    path("verify/", verify.Verify.as_view()),
    re_path(r"^.*$", login_not_required(not_found)),
]
