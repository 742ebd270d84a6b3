"""The addresses of releases and of the licensing desk."""

from django.urls import path

from apps.licensing import views

app_name = "licensing"
urlpatterns = [
    path("", views.releases, name="releases"),
    path("live/", views.live, name="live"),
    path("mine/", views.mine, name="mine"),
    path("desk/", views.desk, name="desk"),
    path("desk/draft/", views.new_draft, name="new_draft"),
    path("desk/licensees/new/", views.new_licensee, name="new_licensee"),
    path("compare/", views.compare, name="compare"),
    path("back-tests/<int:proposal_id>/", views.back_test_proposal, name="back_test"),
    path("<int:release_id>/", views.release, name="release"),
    path("<int:release_id>/replay/", views.replay, name="replay"),
    path("<int:release_id>/items.ndjson", views.items, name="items"),
    path("<int:release_id>/seal/", views.seal_draft, name="seal"),
    path("<int:release_id>/cancel/", views.cancel_release, name="cancel"),
    path("<int:release_id>/build/", views.build, name="build"),
]
