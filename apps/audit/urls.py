"""The addresses of the log."""

from django.urls import path

from apps.audit.views import files, pages, witnesses

app_name = "audit"
urlpatterns = [
    path("checkpoint", files.checkpoint, name="checkpoint"),
    path("keys", files.keys, name="keys"),
    path("policy", files.policy, name="policy"),
    path("tile/<path:rest>", files.tile, name="tile"),
    path("", pages.log, name="log"),
    path("entries/", pages.entries, name="entries"),
    path("entries/<int:entry_id>/", pages.entry, name="entry"),
    path("entries/<int:entry_id>/proof.json", pages.entry_proof, name="entry_proof"),
    path("witnesses/", witnesses.witnesses, name="witnesses"),
    path("witnesses/new/", witnesses.new_witness, name="new_witness"),
    path("witnesses/<int:witness_id>/end/", witnesses.witness_end, name="witness_end"),
]
