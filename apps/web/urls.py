"""The addresses of the public pages and of the homes."""

from django.conf import settings
from django.urls import path

from apps.web.views import (
    boards,
    erasing,
    exports,
    homes,
    method,
    own_words,
    reading,
    receipts,
    samples,
    site,
    standing,
)

app_name = "web"
urlpatterns = [
    path("", boards.leaderboard, name="leaderboard"),
    path("leaderboard.csv", boards.leaderboard_csv, name="leaderboard_csv"),
    path("snapshots/", boards.snapshots, name="snapshots"),
    path("snapshots/<int:number>/", boards.snapshot_page, name="snapshot"),
    path("snapshots/<int:number>/board.csv", boards.leaderboard_csv, name="leaderboard_csv"),
    path("models/<slug:slug>/", standing.model_page, name="model"),
    path("compare/", standing.compare, name="compare"),
    path("coverage/", method.coverage, name="coverage"),
    path("methodology/", method.methodology, name="methodology"),
    path("recompute/", homes.recompute, name="recompute"),
    path("home/", homes.home, name="home"),
    path("auditor/exports/", exports.exports, name="exports"),
    path("auditor/exports/<int:export_id>/log.zip", exports.export_file, name="export_file"),
    path("receipts/<int:battle_id>/", receipts.receipt_page, name="receipt"),
    path("receipts/<int:battle_id>/receipt.json", receipts.receipt_json, name="receipt_json"),
    path("receipts/<int:battle_id>/receipt.tlog-proof", receipts.receipt_text, name="receipt_text"),
    path("receipts/<int:battle_id>/entry.json", receipts.receipt_entry, name="receipt_entry"),
    path("auditor/samples/", samples.samples, name="samples"),
    path("auditor/samples/<int:sample_id>/", samples.sample, name="sample"),
    path("auditor/samples/<int:sample_id>/open/<int:leaf_index>/", samples.open_sampled, name="open_sampled"),
    path("auditor/reading/", reading.reading, name="reading"),
    path("auditor/reading.csv", reading.reading_csv, name="reading_csv"),
    path("my-words/", own_words.own_words_page, name="own_words_page"),
    path("my-words/take/", own_words.own_words, name="own_words"),
    path("my-words/erase/", erasing.erase_me, name="erase_me"),
    path("health/", site.health, name="health"),
    path("theme/", site.theme, name="theme"),
]
if settings.DEMO or settings.TESTING:
    urlpatterns.append(path("kit/", site.kit, name="kit"))
