"""The addresses of the inbox, and of the demo's mails."""

from django.urls import path

from apps.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:message_id>/read/", views.read, name="read"),
]

# Mounted under /demo/ in the demo only.
demo_urlpatterns = [path("mail/", views.demo_mail, name="mail")]
