"""The addresses of the JSON contract and of its description."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from apps.api.v1.leaderboard import LeaderboardView
from apps.api.v1.licensee import PreviewView, RequestsView, RequestView, TermsView
from apps.api.v1.log import LogView
from apps.api.v1.releases import (
    DeliveriesView,
    EditionFileView,
    EditionsView,
    NoticeAnswerView,
    RevocationsView,
)
from apps.api.v1.snapshots import EvidenceView, PairCountsView, SealedInputView

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/leaderboard/", LeaderboardView.as_view(), name="leaderboard"),
    path("v1/snapshots/<int:number>/pair-counts/", PairCountsView.as_view(), name="snapshot_pair_counts"),
    path("v1/snapshots/<int:number>/evidence/", EvidenceView.as_view(), name="snapshot_evidence"),
    path("v1/snapshots/<int:number>/input/", SealedInputView.as_view(), name="snapshot_input"),
    path("v1/log/", LogView.as_view(), name="log"),
    path("v1/schema-preview/", PreviewView.as_view(), name="schema_preview"),
    path("v1/licensee/terms/", TermsView.as_view(), name="licensee_terms"),
    path("v1/licensee/requests/", RequestsView.as_view(), name="licensee_requests"),
    path("v1/licensee/requests/<int:number>/", RequestView.as_view(), name="licensee_request"),
    path("v1/releases/", EditionsView.as_view(), name="editions"),
    path("v1/releases/<int:edition_id>/files/<str:name>", EditionFileView.as_view(), name="edition_file"),
    path("v1/deliveries/", DeliveriesView.as_view(), name="deliveries"),
    path("v1/revocations/", RevocationsView.as_view(), name="revocations"),
    path("v1/notices/<int:number>/answer/", NoticeAnswerView.as_view(), name="notice_answer"),
]
