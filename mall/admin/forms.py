"""Forms of the mall's admin pages."""

from typing import Any

from django import forms
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from mall.admin.uploads import MAX_BYTES, MAX_ROWS, UnreadableUpload, read_first_column

MAX_DELTA = 1_000_000


class ShipForm(forms.Form):
    """Who carries the parcel, and under which number."""

    carrier = forms.CharField(label=_("carrier"), max_length=40, widget=UnfoldAdminTextInputWidget)
    tracking_no = forms.CharField(label=_("tracking number"), max_length=60, widget=UnfoldAdminTextInputWidget)


class CancelForm(forms.Form):
    """Why it is cancelled."""

    because = forms.CharField(
        label=_("reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The member reads it with the redemption."),
    )


class ConfirmForm(forms.Form):
    """Nothing to fill in, only to be sure."""


class StockForm(forms.Form):
    """How many pieces come or go."""

    delta = forms.IntegerField(
        label=_("pieces to add"),
        min_value=-MAX_DELTA,
        max_value=MAX_DELTA,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("A negative number takes unsold pieces away."),
    )

    def clean_delta(self) -> int:
        delta: int = self.cleaned_data["delta"]
        if delta == 0:
            raise forms.ValidationError(_("Zero changes nothing."))
        return delta


class CodesForm(forms.Form):
    """A file of codes; `cleaned_data["rows"]` has the text of its first column, row by row."""

    file = forms.FileField(
        label=_("file"),
        widget=UnfoldAdminFileFieldWidget,
        validators=[FileExtensionValidator(["csv", "txt", "xlsx"])],
        help_text=_("CSV or XLSX with one code per row in the first column; at most %(rows)d rows and %(size)d MB.")
        % {"rows": MAX_ROWS, "size": MAX_BYTES // 2**20},
    )
    has_heading = forms.BooleanField(label=_("The first row is a heading"), required=False, widget=UnfoldBooleanWidget)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if upload := cleaned.get("file"):
            try:
                rows = read_first_column(upload)
            except UnreadableUpload as error:
                raise forms.ValidationError({"file": error.reason}) from error
            if cleaned["has_heading"] and rows:
                # Emptied, not removed: row numbers in the report stay those of the file.
                rows[0] = ""
            cleaned["rows"] = rows
        return cleaned
