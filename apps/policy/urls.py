"""The addresses of the rulebook."""

from django.urls import path

from apps.policy import views

app_name = "policy"
urlpatterns = [
    path("", views.rulebook_page, name="rulebook"),
    path("ways-out/", views.ways_out_page, name="ways_out"),
    path("versions/", views.versions_page, name="versions"),
    path("versions/compare/", views.compare_versions, name="compare"),
    path("versions/<int:number>/", views.version_page, name="version"),
    path("proposals/", views.proposals_page, name="proposals"),
    path("proposals/new/", views.new_proposal, name="new_proposal"),
    path("proposals/<int:proposal_id>/", views.proposal, name="proposal"),
    path("proposals/<int:proposal_id>/adopt/", views.adopt, name="adopt"),
    path("proposals/<int:proposal_id>/reject/", views.reject, name="reject"),
    path("proposals/<int:proposal_id>/withdraw/", views.withdraw, name="withdraw"),
    path("<str:number>/", views.clause_page, name="clause"),
]
