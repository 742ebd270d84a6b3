"""The addresses of the rulebook."""

from django.urls import path

from apps.policy.views import clauses, ways_out

app_name = "policy"
urlpatterns = [
    path("", clauses.rulebook_page, name="rulebook"),
    path("ways-out/", ways_out.ways_out_page, name="ways_out"),
    path("<str:number>/", clauses.clause_page, name="clause"),
]
