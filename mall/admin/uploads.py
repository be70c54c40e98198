"""The first column of an uploaded CSV or XLSX file, within limits."""

import csv
import io
import zipfile
from itertools import islice
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from openpyxl.reader.excel import load_workbook

MAX_BYTES = 5 * 2**20
MAX_ROWS = 100_000
# A workbook is a zip file: a small one may unpack to something that fills the memory, or takes minutes to read. One
# with MAX_ROWS codes unpacks to about 10 MB.
MAX_UNPACKED_BYTES = 6 * MAX_BYTES


class UnreadableUpload(Exception):
    """The file cannot be used; `reason` tells staff why."""

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(reason)
        self.reason = reason


def read_first_column(upload: UploadedFile[Any]) -> list[str]:
    """Return the text of the first column, row by row, empty where it is empty. Raises UnreadableUpload."""
    if (upload.size or 0) > MAX_BYTES:
        raise UnreadableUpload(_("The file is too large."))
    content = upload.read()
    rows = _from_xlsx(content) if (upload.name or "").lower().endswith(".xlsx") else _from_csv(content)
    if len(rows) > MAX_ROWS:
        raise UnreadableUpload(_("The file has too many rows."))
    return rows


def _from_csv(content: bytes) -> list[str]:
    try:
        text = _decoded(content)
        return [row[0] if row else "" for row in islice(csv.reader(io.StringIO(text, newline="")), MAX_ROWS + 1)]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableUpload(_("This is not a readable CSV file.")) from error


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel saves as CSV on a Chinese Windows. Strictly: a code with a sign replaced would be sold as good.
        return content.decode("gb18030")


def _from_xlsx(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise UnreadableUpload(_("The file is too large."))
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        cells = sheet.iter_rows(max_col=1, values_only=True)
        return [_as_text(row[0] if row else None) for row in islice(cells, MAX_ROWS + 1)]
    except UnreadableUpload:
        raise
    except Exception as error:  # openpyxl lets out whatever a damaged part makes it stumble over
        raise UnreadableUpload(_("This is not a readable XLSX file.")) from error


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    # Excel keeps a code of digits as a number, and a number as a fraction.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
