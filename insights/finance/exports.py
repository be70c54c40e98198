"""The finance tables as files: CSV for Excel in Chinese, and XLSX."""

import csv
import tempfile
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from openpyxl.workbook.workbook import Workbook

from insights.finance import periods, tables

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Without it Excel takes UTF-8 for the house's own code page.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What a spreadsheet would run as a formula when a text begins with it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
KEPT_IN_MEMORY = 1 << 20


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


@require_GET
@permission_required("points.view_dayclose", raise_exception=True)
def export(request: HttpRequest, table: str, form: str) -> HttpResponseBase:
    """Answer a table of the month asked for as a file."""
    if table not in tables.TABLES or form not in {"csv", "xlsx"}:
        raise Http404
    month = periods.asked_month(request)
    made = tables.TABLES[table](*periods.bounds(month))
    name = f"points-{table}-{month:%Y-%m}.{form}"
    if form == "csv":
        answer = StreamingHttpResponse(csv_lines(made), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    return FileResponse(workbook(made, title=_("Points")), as_attachment=True, filename=name, content_type=XLSX)


def csv_lines(table: tables.Table) -> Iterator[str]:
    """Yield the table line by line."""
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(table.header)
    for row in table.rows:
        yield writer.writerow([harmless(value) for value in row])


def workbook(table: tables.Table, *, title: str) -> Any:
    """Return an open file with the table, written row by row."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(table.header)
    for row in table.rows:
        sheet.append([harmless(value) for value in row])
    # The answer closes it.
    file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115
    book.save(file)
    file.seek(0)
    return file


def harmless(value: Any) -> Any:
    """Return the value so that no spreadsheet takes a text for a formula. Numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
