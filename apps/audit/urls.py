"""The addresses of the log."""

from django.urls import path

from apps.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.log, name="log"),
    path("entries/", views.entries, name="entries"),
    path("entries/<int:entry_id>/", views.entry, name="entry"),
    path("entries/<int:entry_id>/proof.json", views.entry_proof, name="entry_proof"),
]
