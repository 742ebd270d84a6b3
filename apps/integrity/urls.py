"""The addresses of integrity."""

from django.urls import path

from apps.integrity import views

app_name = "integrity"
urlpatterns = [path("", views.overview, name="overview")]
