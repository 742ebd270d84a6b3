"""The addresses of applications, of one's own data, and of the networks."""

from django.urls import path

from apps.contributors import views

app_name = "contributors"
urlpatterns = [
    path("", views.application, name="application"),
    path("begin/", views.begin, name="begin"),
    path("about/", views.about, name="about"),
    path("employer/", views.employer, name="employer"),
    path("consents/", views.consents, name="consents"),
    path("consents/give/", views.give, name="give"),
    path("consents/<str:kind>/withdraw/", views.withdraw, name="withdraw"),
    path("send/", views.send, name="send"),
    path("data/", views.data, name="data"),
    path("network/", views.networks, name="networks"),
    path("people/", views.people_page, name="people"),
]
