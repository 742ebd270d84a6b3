"""The addresses of releases and of the licensing desk."""

from django.urls import path

from apps.licensing.views import contributions, deliveries, notices, pages

app_name = "licensing"
urlpatterns = [
    path("", pages.releases, name="releases"),
    path("live/", pages.live, name="live"),
    path("mine/", pages.mine, name="mine"),
    path("mine/<int:edition_id>/", deliveries.my_edition, name="my_edition"),
    path("mine/<int:edition_id>/files/<str:name>", deliveries.edition_file, name="edition_file"),
    path("mine/<int:edition_id>/release.sha256", deliveries.checksums, name="checksums"),
    path("mine/<int:edition_id>/manifest.tlog-proof", deliveries.edition_proof, name="edition_proof"),
    path("mine/deliveries/<int:delivery_id>/", deliveries.delivery, name="delivery"),
    path("mine/deliveries/<int:delivery_id>/receipt.json", deliveries.delivery_json, name="delivery_json"),
    path("mine/notices/", notices.my_notices, name="my_notices"),
    path("mine/notices/<int:notice_id>/", notices.notice, name="notice"),
    path("mine/notices/<int:notice_id>/notice.json", notices.notice_document, name="notice_document"),
    path("mine/notices/<int:notice_id>/proof.json", notices.notice_proof, name="notice_proof"),
    path("my-data/", contributions.my_data, name="my_data"),
    path("my-data/take-back/", contributions.take_back, name="take_back"),
    path("my-data/deliveries/<int:delivery_id>/proof.json", contributions.my_data_proof, name="my_data_proof"),
    path("withdrawals/", notices.withdrawals, name="withdrawals"),
    path("reads/", notices.reads, name="reads"),
    path("<int:release_id>/withdraw/", notices.withdraw, name="withdraw"),
    path("desk/", pages.desk, name="desk"),
    path("desk/draft/", pages.new_draft, name="new_draft"),
    path("desk/licensees/new/", pages.new_licensee, name="new_licensee"),
    path("<int:release_id>/", pages.release, name="release"),
    path("<int:release_id>/items.ndjson", pages.items, name="items"),
    path("<int:release_id>/seal/", pages.seal_draft, name="seal"),
    path("<int:release_id>/cancel/", pages.cancel_release, name="cancel"),
    path("<int:release_id>/build/", pages.build, name="build"),
]
