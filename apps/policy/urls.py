"""The addresses of the rulebook."""

from django.urls import path

from apps.policy import views

app_name = "policy"
urlpatterns = [
    path("", views.rulebook_page, name="rulebook"),
    path("ways-out/", views.ways_out_page, name="ways_out"),
    path("<str:number>/", views.clause_page, name="clause"),
]
