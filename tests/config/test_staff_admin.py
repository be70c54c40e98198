"""Staff and groups in admin."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import translation

from config.admin import label_of, permissions_to_give


@pytest.fixture
def boss(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


def permission(label: str) -> Permission:
    app, codename = label.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("members.change_tier", "会员 | 会员等级 | 可以修改"),
        ("mall.ship_redemption", "商城 | 兑换单 | 可以发货和完成兑换单"),
        ("members.freeze_member", "会员 | 会员 | 可以冻结、解冻会员及强制下线"),
    ],
)
def test_rights_are_named_in_the_language_of_staff(db: None, label: str, shown: str) -> None:
    assert label_of(permission(label)) == shown


def test_every_right_on_offer_has_a_chinese_name(db: None) -> None:
    with translation.override("zh-hans"):
        labels = [label_of(one) for one in permissions_to_give()]

    assert len(labels) > 50
    assert [label for label in labels if "Can " in label] == []


def test_a_group_is_made_and_deleted(boss: Client) -> None:
    rights = [permission("mall.view_item").pk, permission("mall.change_item").pk]

    boss.post("/admin/auth/group/add/", {"name": "shelf", "permissions": rights})
    group = Group.objects.get(name="shelf")
    assert set(group.permissions.values_list("pk", flat=True)) == set(rights)

    page = boss.get(f"/admin/auth/group/{group.pk}/delete/")
    assert "Group_permissions" not in page.content.decode()
    boss.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert not Group.objects.filter(name="shelf").exists()


def test_staff_are_switched_off_not_deleted(boss: Client) -> None:
    former = User.objects.create_user("former", is_staff=True)

    assert boss.get(f"/admin/auth/user/{former.pk}/delete/").status_code == 403
    assert boss.get(f"/admin/auth/user/{former.pk}/change/").status_code == 200


def test_a_login_that_asks_for_another_host_goes_to_the_first_page(db: None) -> None:
    User.objects.create_superuser("chief", password="a long enough password")

    answer = Client().post(
        "/admin/login/",
        {"username": "chief", "password": "a long enough password", "next": "https://elsewhere.example/"},
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
