"""The addresses of releases and of the licensing desk."""

from django.urls import path

from apps.licensing.views import objections, offers, pages, refusals

app_name = "licensing"
urlpatterns = [
    path("", pages.releases, name="releases"),
    path("live/", pages.live, name="live"),
    path("refusals/", refusals.refusals, name="refusals"),
    path("completeness/", refusals.completeness, name="completeness"),
    path("announced/", offers.announced, name="announced"),
    path("announced.json", offers.announced_json, name="announced_json"),
    path("announced.atom", offers.announced_atom, name="announced_atom"),
    path("waiting/", offers.waiting, name="waiting"),
    path("objections/<int:objection_id>/", objections.objection, name="objection"),
    path("mine/", pages.mine, name="mine"),
    path("desk/", pages.desk, name="desk"),
    path("desk/draft/", pages.new_draft, name="new_draft"),
    path("desk/licensees/new/", pages.new_licensee, name="new_licensee"),
    path("<int:release_id>/", pages.release, name="release"),
    path("<int:release_id>/items.ndjson", pages.items, name="items"),
    path("<int:release_id>/seal/", pages.seal_draft, name="seal"),
    path("<int:release_id>/cancel/", pages.cancel_release, name="cancel"),
    path("<int:release_id>/build/", pages.build, name="build"),
    path("<int:release_id>/offers/new/", offers.new_offer, name="new_offer"),
    path("<int:release_id>/offers/<int:number>/approve/", offers.approve_offer, name="approve"),
    path("<int:release_id>/offers/<int:number>/refuse/", offers.say_no, name="say_no"),
    path("<int:release_id>/offers/<int:number>/open/", offers.open_offer, name="open"),
    path("<int:release_id>/offers/<int:number>/object/", objections.new_objection, name="object"),
]
