"""The addresses of the log."""

from django.urls import path

from apps.audit.views import files, pages

app_name = "audit"
urlpatterns = [
    path("checkpoint", files.checkpoint, name="checkpoint"),
    path("keys", files.keys, name="keys"),
    path("tile/<path:rest>", files.tile, name="tile"),
    path("", pages.log, name="log"),
    path("entries/", pages.entries, name="entries"),
    path("entries/<int:entry_id>/", pages.entry, name="entry"),
    path("entries/<int:entry_id>/proof.json", pages.entry_proof, name="entry_proof"),
]
