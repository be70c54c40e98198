"""Addresses of mall/."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter, StringConverter

from mall import views


class IdConverter(IntConverter):
    """A number a database key can have; longer ones are nobody's."""

    regex = "[0-9]{1,18}"


class NoConverter(StringConverter):
    """A redemption's number; anything else never reaches the database."""

    regex = "[0-9A-Z]{1,20}"


register_converter(IdConverter, "mall_id")
register_converter(NoConverter, "mall_no")

urlpatterns = [
    path("mall/categories", views.CategoriesView.as_view(), name="mall-categories"),
    path("mall/items", views.ItemsView.as_view(), name="mall-items"),
    path("mall/items/<mall_id:item_id>", views.ItemView.as_view(), name="mall-item"),
    path("mall/redemptions", views.RedemptionsView.as_view(), name="mall-redemptions"),
    path("mall/redemptions/<mall_no:no>", views.RedemptionView.as_view(), name="mall-redemption"),
    path("mall/redemptions/<mall_no:no>/cancel", views.CancelView.as_view(), name="mall-redemption-cancel"),
    path("mall/redemptions/<mall_no:no>/receipt", views.ReceiptView.as_view(), name="mall-redemption-receipt"),
]
