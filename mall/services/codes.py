"""The codes behind coupon items: imported, voided, and always in step with the stock counters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from mall.models import CodeStatus, CouponCode, Item, ItemKind
from mall.selectors import ItemNotFound
from mall.services import stock

MAX_CODE_LENGTH = 100
INSERT_CHUNK = 10_000


class NotACoupon(DomainError):
    code = "not_a_coupon"
    status = 409
    message = _("Only coupon items have codes.")


class CodeNotFree(DomainError):
    code = "code_not_free"
    status = 409
    message = _("This code was handed out or voided before.")


class CodePromised(DomainError):
    code = "code_promised"
    status = 409
    message = _("All free codes of this item are promised to redemptions; import more codes before you void one.")


@dataclass(frozen=True)
class ImportReport:
    """How many codes are new, how many were there before or twice in the file, and which rows (from 1) are no codes."""

    added: int
    repeated: int
    invalid: tuple[int, ...]


def import_codes(*, item_id: int, rows: Iterable[str], at: datetime) -> ImportReport:
    """Add codes to a coupon item and raise its stock by as many; all or nothing. Empty rows are skipped.

    A code is 1 to 100 visible characters without spaces. Raises ItemNotFound, NotACoupon, StockTooHigh.
    """
    codes, repeated, invalid = _sort_out(rows)
    with transaction.atomic():
        _require_coupon(item_id)
        added = 0
        # In one order everywhere: two imports of the same codes would otherwise wait for each other for ever.
        ordered = sorted(codes)
        for start in range(0, len(ordered), INSERT_CHUNK):
            added += _insert(item_id, ordered[start : start + INSERT_CHUNK], at=at)
        if not stock.change_total(item_id=item_id, delta=added):
            raise stock.StockTooHigh
    return ImportReport(added=added, repeated=repeated + len(codes) - added, invalid=tuple(invalid))


def void_code(*, code_id: int) -> None:
    """Take a free code out of use and lower the stock by one. Raises CodeNotFree, CodePromised."""
    with transaction.atomic():
        code = CouponCode.objects.get(pk=code_id)
        if code.status != CodeStatus.FREE:
            raise CodeNotFree
        # The stock before the code: then every code found locked by a fulfilment is one that was not promised to it.
        if not stock.change_total(item_id=code.item_id, delta=-1):
            raise CodePromised
        if not CouponCode.objects.filter(pk=code_id, status=CodeStatus.FREE).update(status=CodeStatus.VOID):
            raise CodeNotFree


def _require_coupon(item_id: int) -> None:
    kind = Item.objects.filter(pk=item_id).values_list("kind", flat=True).first()
    if kind is None:
        raise ItemNotFound
    if kind != ItemKind.COUPON:
        raise NotACoupon


def _sort_out(rows: Iterable[str]) -> tuple[set[str], int, list[int]]:
    codes: set[str] = set()
    repeated = 0
    invalid = []
    for number, row in enumerate(rows, start=1):
        code = row.strip()
        if not code:
            continue
        if len(code) > MAX_CODE_LENGTH or not code.isprintable() or any(sign.isspace() for sign in code):
            invalid.append(number)
        elif code in codes:
            repeated += 1
        else:
            codes.add(code)
    return codes, repeated, invalid


def _insert(item_id: int, codes: list[str], *, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mall_couponcode (item_id, code, status, imported_at)"
            " SELECT %s, code, 'free', %s FROM unnest(%s::text[]) AS code ON CONFLICT (item_id, code) DO NOTHING",
            [item_id, at, codes],
        )
        return int(cursor.rowcount)
