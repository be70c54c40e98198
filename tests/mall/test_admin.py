"""What staff does with the mall, in admin."""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook
from rest_framework.test import APIClient

from mall.admin import uploads
from mall.models import Category, CouponCode, Item, Redemption, RedemptionStatus
from members.models import Member
from tests.factories import give_points, new_coupon_item, new_goods_item
from tests.mall.steps import balance, new_address, redeem
from tests.points.book import faults

pytestmark = pytest.mark.django_db
Api = Callable[[Member], APIClient]
RunJobs = Callable[[], int]


def staff_with(*permissions: str) -> Client:
    user = User.objects.create_user("wang", password="not used", is_staff=True)
    wanted = [name.split(".") for name in permissions]
    for app, codename in wanted:
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="not used"))
    return client


@pytest.fixture
def goods_to_ship(alice: Member, api: Api, run_jobs: RunJobs) -> Redemption:
    give_points(alice.pk, 500)
    client = api(alice)
    redeem(client, new_goods_item(), address_id=new_address(client))
    run_jobs()
    return Redemption.objects.get()


def page(model: str, pk: int, action: str = "change") -> str:
    return f"/admin/mall/{model}/{pk}/{action}/"


def xlsx(*rows: Any) -> bytes:
    workbook = Workbook()
    for row in rows:
        workbook.active.append([row])
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def damaged(part: str, content: bytes) -> bytes:
    """Return a workbook in which one of its parts is something else."""
    whole, copy = zipfile.ZipFile(io.BytesIO(xlsx("A-1"))), io.BytesIO()
    with zipfile.ZipFile(copy, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, content if name == part else whole.read(name))
    return copy.getvalue()


def upload(client: Client, item: Item, name: str, content: bytes, **fields: Any) -> Any:
    return client.post(page("item", item.pk, "import-codes"), {"file": SimpleUploadedFile(name, content)} | fields)


@pytest.mark.parametrize("model", ["item", "category", "couponcode", "redemption"])
def test_lists_open(boss: Client, goods_to_ship: Redemption, model: str) -> None:
    new_coupon_item(codes=1)
    Category.objects.create(name="Drinks")

    assert boss.get(f"/admin/mall/{model}/").status_code == 200


def test_an_item_is_created_edited_and_has_a_history(boss: Client) -> None:
    fields = {
        "kind": "goods",
        "title": "Mug",
        "price_points": 500,
        "market_price_fen": 4900,
        "min_tier_level": 0,
        "sort": 0,
        "is_listed": "on",
    }
    assert boss.post("/admin/mall/item/add/", fields).status_code == 302
    item = Item.objects.get()

    answer = boss.post(page("item", item.pk), fields | {"title": "Big mug", "kind": "coupon", "stock_left": 99})

    assert answer.status_code == 302
    item.refresh_from_db()
    assert (item.title, item.kind, item.stock_left) == ("Big mug", "goods", 0)
    assert list(Item.history.order_by("history_id").values_list("title", flat=True)) == ["Mug", "Big mug"]
    assert Item.history.latest().history_user.username == "boss"
    assert boss.get(page("item", item.pk, "history")).status_code == 200


def test_codes_are_imported_from_csv(boss: Client) -> None:
    item = new_coupon_item(codes=["OLD"])

    answer = upload(boss, item, "codes.csv", b"\xef\xbb\xbfNEW-1,first\r\nOLD,\r\n\r\ntwo words,\r\nNEW-2,\r\n")

    assert answer.status_code == 200
    report = answer.context["report"]
    assert (report.added, report.repeated, report.invalid) == (2, 1, (4,))
    assert set(CouponCode.objects.values_list("code", flat=True)) == {"OLD", "NEW-1", "NEW-2"}
    item.refresh_from_db()
    assert item.stock_left == 3
    assert faults() == []


def test_codes_are_imported_from_xlsx_with_a_heading(boss: Client) -> None:
    item = new_coupon_item(codes=0)

    answer = upload(boss, item, "codes.xlsx", xlsx("Code", "A-1", 20261122, None, 3.5), has_heading="on")

    assert answer.context["report"].added == 3
    assert set(CouponCode.objects.values_list("code", flat=True)) == {"A-1", "20261122", "3.5"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("codes.pdf", b"A-1"),
        ("codes.xlsx", b"this is no workbook"),
        ("codes.xlsx", b"PK\x05\x06" + b"\x00" * 18),
        ("codes.xlsx", damaged("[Content_Types].xml", b"<broken")),
        ("codes.xlsx", damaged("xl/worksheets/sheet1.xml", b"<broken")),
        ("codes.xlsx", damaged("xl/workbook.xml", b"<a/>")),
        ("codes.csv", b"A" * 200_000),
        ("codes.csv", b"GOOD-1\nCUT-\xff\n"),
        ("codes.csv", b""),
    ],
)
def test_files_that_cannot_be_read_are_refused(boss: Client, name: str, content: bytes) -> None:
    item = new_coupon_item(codes=0)

    answer = upload(boss, item, name, content)

    assert answer.status_code == 200
    assert answer.context["form"].errors["file"]
    assert not CouponCode.objects.exists()


def test_too_many_rows_or_bytes_are_refused(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    item = new_coupon_item(codes=0)
    monkeypatch.setattr(uploads, "MAX_ROWS", 2)
    assert upload(boss, item, "codes.csv", b"A\nB\nC\n").context["form"].errors["file"]
    monkeypatch.setattr(uploads, "MAX_BYTES", 3)
    assert upload(boss, item, "codes.csv", b"A\nB\n").context["form"].errors["file"]
    assert not CouponCode.objects.exists()


def test_a_workbook_that_unpacks_to_too_much_is_refused(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    monkeypatch.setattr(uploads, "MAX_UNPACKED_BYTES", 1_000_000)

    answer = upload(boss, new_coupon_item(codes=0), "codes.xlsx", bomb.getvalue())

    assert answer.context["form"].errors["file"]


def test_goods_get_more_stock_and_the_log_says_so(boss: Client) -> None:
    item = new_goods_item(stock=5)

    answer = boss.post(page("item", item.pk, "add-stock"), {"delta": 7}, follow=True)

    assert answer.status_code == 200
    item.refresh_from_db()
    assert (item.stock_total, item.stock_left) == (12, 12)
    refused = boss.post(page("item", item.pk, "add-stock"), {"delta": -13}, follow=True)
    assert refused.status_code == 200
    item.refresh_from_db()
    assert item.stock_left == 12
    assert boss.post(page("item", item.pk, "add-stock"), {"delta": 0}).context["form"].errors["delta"]


def test_each_kind_has_its_own_way_to_stock(boss: Client) -> None:
    assert boss.get(page("item", new_goods_item().pk, "import-codes")).status_code == 403
    assert boss.get(page("item", new_coupon_item().pk, "add-stock")).status_code == 403
    assert not boss.get(page("item", new_coupon_item().pk, "import-codes")).context["form"].errors
    assert boss.get("/admin/mall/item/none/import-codes/").status_code == 403


def test_codes_are_masked_for_those_who_may_not_read_them(db: None) -> None:
    new_coupon_item(codes=["SECRET-000-1234"])
    code = CouponCode.objects.get()
    client = staff_with("mall.view_couponcode")

    for address in ("/admin/mall/couponcode/", page("couponcode", code.pk)):
        text = client.get(address).content.decode()
        assert "SECRET" not in text
        assert "1234" in text
    # Nor can a code be guessed by searching for it.
    assert client.get("/admin/mall/couponcode/?q=SECRET-000-1234").context["cl"].result_count == 0


def test_codes_are_shown_to_those_who_may_read_them(db: None) -> None:
    new_coupon_item(codes=["SECRET-000-1234"])
    client = staff_with("mall.view_couponcode", "mall.view_code_text")

    assert "SECRET-000-1234" in client.get("/admin/mall/couponcode/").content.decode()
    assert client.get("/admin/mall/couponcode/?q=SECRET-000-1234").context["cl"].result_count == 1
    assert "SECRET-000-1234" in client.get(page("couponcode", CouponCode.objects.get().pk)).content.decode()


def test_a_free_code_is_voided(boss: Client) -> None:
    item = new_coupon_item(codes=["A", "B"])
    code = CouponCode.objects.get(code="A")

    assert boss.get(page("couponcode", code.pk, "void")).status_code == 200
    assert boss.post(page("couponcode", code.pk, "void")).status_code == 302

    item.refresh_from_db()
    assert item.stock_left == 1
    assert boss.post(page("couponcode", code.pk, "void")).status_code == 403
    assert faults() == []


def test_goods_are_shipped_and_completed(boss: Client, goods_to_ship: Redemption) -> None:
    text = boss.get(page("redemption", goods_to_ship.pk, "ship")).content.decode()
    assert "1 Nanjing Road" in text
    assert re.search(r'<button type="submit"[^>]*>\s*\S{2,}', text), "the button says what it does"
    assert boss.post(page("redemption", goods_to_ship.pk, "ship"), {"carrier": "SF"}).context["form"].errors

    boss.post(page("redemption", goods_to_ship.pk, "ship"), {"carrier": "SF", "tracking_no": "SF1"})

    goods_to_ship.refresh_from_db()
    assert (goods_to_ship.status, goods_to_ship.tracking_no) == ("shipped", "SF1")
    assert boss.get(page("redemption", goods_to_ship.pk, "complete")).status_code == 200
    boss.post(page("redemption", goods_to_ship.pk, "complete"))
    goods_to_ship.refresh_from_db()
    assert goods_to_ship.status == "completed"
    assert boss.post(page("redemption", goods_to_ship.pk, "cancel"), {"because": "x"}).status_code == 403
    text = boss.get(page("redemption", goods_to_ship.pk)).content.decode()
    assert "boss" in text


def test_goods_are_cancelled_with_a_reason(boss: Client, goods_to_ship: Redemption, alice: Member, api: Api) -> None:
    assert boss.post(page("redemption", goods_to_ship.pk, "cancel"), {}).context["form"].errors

    boss.post(page("redemption", goods_to_ship.pk, "cancel"), {"because": "Broken"})

    assert balance(api(alice)) == 500
    goods_to_ship.refresh_from_db()
    assert goods_to_ship.status == "cancelled"


def test_looking_is_not_acting(goods_to_ship: Redemption) -> None:
    client = staff_with("mall.view_redemption", "mall.view_item")

    shown = client.get(page("redemption", goods_to_ship.pk)).content.decode()
    assert "Nanjing" not in shown
    assert str(RedemptionStatus.FULFILLING.label) in shown
    assert client.post(page("redemption", goods_to_ship.pk), {"status": "completed"}).status_code == 403
    for action in ("ship", "complete", "cancel"):
        assert client.post(page("redemption", goods_to_ship.pk, action), {"because": "x"}).status_code == 403
    item = goods_to_ship.item_id
    assert client.post(page("item", item, "add-stock"), {"delta": 5}).status_code == 403
    goods_to_ship.refresh_from_db()
    assert goods_to_ship.status == "fulfilling"


def test_the_members_page_shows_redemptions(boss: Client, goods_to_ship: Redemption) -> None:
    text = boss.get(f"/admin/members/member/{goods_to_ship.member_id}/change/").content.decode()

    assert goods_to_ship.no in text
