"""Addresses of points/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from points import log_views, views


class TransferNoConverter(StringConverter):
    """A transfer's number; anything else never reaches the database."""

    regex = "[0-9A-Z]{1,20}"


register_converter(TransferNoConverter, "transfer_no")

urlpatterns = [
    path("points/balance", views.BalanceView.as_view(), name="points-balance"),
    path("points/entries", views.EntriesView.as_view(), name="points-entries"),
    path("points/entries/<int:entry_id>/proof", log_views.EntryProofView.as_view(), name="points-entry-proof"),
    path("points/pending", views.PendingView.as_view(), name="points-pending"),
    path("points/transfers", views.TransfersView.as_view(), name="points-transfers"),
    path("points/transfers/terms", views.TransferTermsView.as_view(), name="points-transfer-terms"),
    path("points/transfers/<transfer_no:no>", views.TransferView.as_view(), name="points-transfer"),
    path("log/key", log_views.KeyView.as_view(), name="log-key"),
    path("log/checkpoint", log_views.NewestCheckpointView.as_view(), name="log-checkpoint"),
    path("log/checkpoints", log_views.CheckpointsView.as_view(), name="log-checkpoints"),
    path("log/consistency", log_views.ConsistencyView.as_view(), name="log-consistency"),
]
