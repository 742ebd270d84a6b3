"""The addresses of the log."""

from django.urls import path

from apps.audit.views import pages

app_name = "audit"
urlpatterns = [
    path("", pages.log, name="log"),
    path("entries/", pages.entries, name="entries"),
    path("entries/<int:entry_id>/", pages.entry, name="entry"),
    path("entries/<int:entry_id>/proof.json", pages.entry_proof, name="entry_proof"),
]
