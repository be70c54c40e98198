"""Forms of the ledger's admin pages."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from core.business_time import business_day, now
from core.serializers import MAX_AMOUNT
from points.ledger.take_backs import TakeBackPolicy
from points.models import Adjustment, AdjustmentReason


def _column(name: str) -> Any:
    return Adjustment._meta.get_field(name)


def named(member: Any) -> str:
    """Return how staff recognise a member: number and nickname."""
    return f"{member.no} {member.nickname}".strip()


class AdjustmentForm(forms.Form):
    """What staff ask for. `request_key` makes a double click one request; `confirmed` is what was looked at before."""

    request_key = forms.CharField(max_length=64, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex)
    confirmed = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    member: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        queryset=None,
        label=_column("member").verbose_name,
        help_text=_("Search by member number or nickname."),
    )
    points = forms.IntegerField(
        label=_column("points").verbose_name,
        help_text=_column("points").help_text,
        min_value=-MAX_AMOUNT,
        max_value=MAX_AMOUNT,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.ChoiceField(
        label=_column("reason").verbose_name, choices=AdjustmentReason.choices, widget=UnfoldAdminSelectWidget
    )
    note = forms.CharField(
        label=_column("note").verbose_name,
        help_text=_column("note").help_text,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
    )
    title = forms.CharField(
        label=_column("title").verbose_name,
        help_text=_column("title").help_text,
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    expires_on = forms.DateField(
        label=_column("expires_on").verbose_name,
        help_text=_column("expires_on").help_text,
        required=False,
        widget=UnfoldAdminSingleDateWidget,
    )
    counts_for_growth = forms.BooleanField(
        label=_column("counts_for_growth").verbose_name,
        help_text=_column("counts_for_growth").help_text,
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        member: Any = self.fields["member"]
        member.queryset = _column("member").related_model.objects.all()
        member.widget = AutocompleteSelect(_column("member"), admin.site)
        member.label_from_instance = named
        member.widget.choices = member.choices

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        if points == 0:
            raise forms.ValidationError(_("Zero changes nothing."))
        return points

    def clean_expires_on(self) -> date | None:
        on: date | None = self.cleaned_data["expires_on"]
        if on and on < business_day(now()):
            raise forms.ValidationError(_("Points cannot be given that have expired already."))
        return on

    @property
    def seen(self) -> str:
        """Return what staff must have looked at before it is done: for whom, and how much."""
        return f"{self.cleaned_data['member'].pk}:{self.cleaned_data['points']}"

    def is_confirmed(self) -> bool:
        """Return whether the valid form was sent from the page that says what will happen."""
        return bool(self.cleaned_data["confirmed"] == self.seen)

    def to_be_confirmed(self) -> "AdjustmentForm":
        """Return the same form, to be sent once more."""
        again = type(self)({name: self.data.get(name) for name in self.fields} | {"confirmed": self.seen})
        again.is_valid()
        return again


class DecisionForm(forms.Form):
    """What to say about a decision."""

    note = forms.CharField(
        label=_column("decision_note").verbose_name,
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For colleagues and auditors."),
    )


class ReasonForm(forms.Form):
    """Why: it is kept."""

    reason = forms.CharField(label=_("reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


class ReversalForm(ReasonForm):
    """Why a transfer is taken back, and what becomes of points that were spent."""

    policy = forms.ChoiceField(
        label=_("points that were spent"),
        choices=[
            (TakeBackPolicy.WITHIN_BALANCE, _("stay spent: the sender gets back what is still there")),
            (TakeBackPolicy.OWE, _("are owed by the receiver: the sender gets everything back")),
        ],
        initial=TakeBackPolicy.WITHIN_BALANCE,
        widget=UnfoldAdminRadioSelectWidget,
    )
