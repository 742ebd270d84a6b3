"""The addresses of the neutrality register."""

from django.urls import path

from apps.organizations import views

app_name = "organizations"
urlpatterns = [
    path("", views.register_page, name="register"),
    path("path/", views.path_page, name="path"),
    path("mine/", views.my_ties, name="my_ties"),
    path("mine/<int:tie_id>/end/", views.end_mine, name="end_mine"),
    path("new/", views.new_organization, name="new"),
    path("ties/new/", views.new_tie, name="new_tie"),
    path("ties/<int:tie_id>/end/", views.end, name="end_tie"),
]
