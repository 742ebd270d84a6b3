"""Every address of the site, each app's under its own word."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from apps.accounts.urls import demo_urlpatterns, signing_in_urlpatterns

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include(signing_in_urlpatterns)),
    path("i18n/", include("django.conf.urls.i18n")),
    path("log/", include("apps.audit.urls")),
    path("contribute/", include("apps.contributors.urls")),
    path("prompts/", include("apps.prompts.urls")),
    path("battles/", include("apps.battles.urls")),
    path("rankings/", include("apps.rankings.urls")),
    path("integrity/", include("apps.integrity.urls")),
    path("releases/", include("apps.licensing.urls")),
    path("moderation/", include("apps.moderation.urls")),
    path("rulebook/", include("apps.policy.urls")),
    path("register/", include("apps.organizations.urls")),
    path("jobs/", include("apps.jobs.urls")),
    path("inbox/", include("apps.accounts.urls")),
    path("api/", include("apps.api.urls")),
    path("", include("apps.web.urls")),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include((demo_urlpatterns, "demo"))))

handler500 = "apps.web.views.site.server_error"
