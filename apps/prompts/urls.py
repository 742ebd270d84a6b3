"""The addresses of one's own prompts."""

from django.urls import path

from apps.prompts import views

app_name = "prompts"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("new/", views.new, name="new"),
    path("<int:prompt_id>/", views.prompt, name="prompt"),
    path("<int:prompt_id>/state/", views.state, name="state"),
    path("<int:prompt_id>/hints/<int:hint_id>/", views.answer, name="answer"),
    path("<int:prompt_id>/withdraw/", views.withdraw, name="withdraw"),
]
