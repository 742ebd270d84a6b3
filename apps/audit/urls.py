"""The addresses of the log."""

from django.urls import path

from apps.audit.views import checkpoints, files, pages, witnesses

app_name = "audit"
urlpatterns = [
    path("checkpoint", files.checkpoint, name="checkpoint"),
    path("keys", files.keys, name="keys"),
    path("policy", files.policy, name="policy"),
    path("verify", files.verify, name="verify"),
    path("tile/<path:rest>", files.tile, name="tile"),
    path("", pages.log, name="log"),
    path("entries/", pages.entries, name="entries"),
    path("entries/<int:entry_id>/", pages.entry, name="entry"),
    path("entries/<int:entry_id>/proof.json", pages.entry_proof, name="entry_proof"),
    path("entries/<int:entry_id>/entry.tlog-proof", pages.entry_proof_text, name="entry_proof_text"),
    path("entries/<int:entry_id>/entry.json", pages.entry_bytes, name="entry_bytes"),
    path("checkpoints/", checkpoints.checkpoints, name="checkpoints"),
    path("checkpoints/compare/", checkpoints.compare, name="compare"),
    path("checkpoints/<int:size>/", checkpoints.checkpoint_page, name="checkpoint_page"),
    path("checkpoints/<int:size>/note", checkpoints.checkpoint_note, name="checkpoint_note"),
    path("witnesses/", witnesses.witnesses, name="witnesses"),
    path("witnesses/new/", witnesses.new_witness, name="new_witness"),
    path("witnesses/<int:witness_id>/end/", witnesses.witness_end, name="witness_end"),
]
