"""The addresses of battles."""

from django.urls import path

from apps.battles.views import battles, endpoints, streaming

app_name = "battles"
urlpatterns = [
    path("", battles.start, name="start"),
    path("mine/", battles.mine, name="mine"),
    path("open/", battles.opening, name="open"),
    path("models/", endpoints.models, name="models"),
    path("models/register/", endpoints.register, name="register_model"),
    path("models/<int:endpoint_id>/", endpoints.change, name="change_endpoint"),
    path("<int:battle_id>/", battles.battle, name="battle"),
    path("<int:battle_id>/stream/", streaming.stream, name="stream"),
    path("<int:battle_id>/answers/", streaming.answers, name="answers"),
    path("<int:battle_id>/vote/", battles.vote, name="vote"),
    path("<int:battle_id>/skip/", battles.skip, name="skip"),
]
