"""The addresses of moderation."""

from django.urls import path

from apps.moderation import views

app_name = "moderation"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("next/", views.take_next, name="next"),
    path("cases/<int:case_id>/", views.case, name="case"),
    path("cases/<int:case_id>/take/", views.take, name="take"),
    path("cases/<int:case_id>/release/", views.release, name="release"),
    path("cases/<int:case_id>/draft/", views.draft, name="draft"),
    path("cases/<int:case_id>/preview/", views.preview_statement, name="preview"),
    path("cases/<int:case_id>/decide/", views.decide, name="decide"),
    path("cases/<int:case_id>/look-into/", views.look_into, name="look_into"),
    path("decisions/<int:decision_id>/", views.decision, name="decision"),
    path("decisions/<int:decision_id>/appeal/", views.appeal, name="appeal"),
    path("decisions/for-prompt/<int:prompt_id>/", views.decision_for_prompt, name="decision_for_prompt"),
    path("statistics/", views.statistics, name="statistics"),
]
