"""Staff and members read Chinese: nothing is missing from the catalogue, and the check would say so if it were."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import polib
import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse

from mall.models import Redemption
from tools import catalogue
from tools.catalogue import Text


def texts(*wanted: Text) -> dict[catalogue.Key, Text]:
    return catalogue.merged(wanted)


def catalogue_of(*entries: polib.POEntry) -> polib.POFile:
    made = catalogue.empty_catalogue()
    made.extend(entries)
    return made


def faults(made: polib.POFile, wanted: dict[catalogue.Key, Text]) -> list[str]:
    return list(catalogue.faults_of_catalogue(made, wanted))


# --- the real one -------------------------------------------------------------------------------------------------


def test_nothing_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    status = catalogue.check()

    assert capsys.readouterr().out == "every text is Chinese\n"
    assert status == 0


def test_a_missing_translation_fails_the_check_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(catalogue.FOLDER, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    poorer = polib.pofile(str(catalogue.po_file("django")))
    poorer.find("Earn rules").msgstr = ""
    poorer.save()
    catalogue.compile_()

    assert catalogue.check() == 1
    assert capsys.readouterr().out == "config/admin_menu.py: 'Earn rules': no Chinese text\n"


def test_the_themes_texts_belong_to_us_and_djangos_do_not() -> None:
    found = catalogue.library_texts("django")

    assert found[None, "Type to search"].files == {
        "unfold/templates/admin/search_form.html",
        "unfold/templates/unfold/helpers/command.html",
    }
    assert (None, "Log out") not in found


@pytest.mark.parametrize("domain", catalogue.DOMAINS)
def test_collecting_again_loses_and_changes_nothing(domain: str) -> None:
    texts_now, before = catalogue.all_texts(domain), polib.pofile(str(catalogue.po_file(domain)))
    once = catalogue.collected(texts_now, before)

    assert str(catalogue.collected(texts_now, once)) == str(once)
    assert once.to_binary() == before.to_binary()


def test_names_of_models_are_checked_in_the_language_of_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "LANGUAGE", "en")

    assert "points/models/book.py: Entry.balance_after (name) 'balance after': English (balance, after)" in set(
        catalogue.faults_of_models()
    )


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (polib.POEntry(msgid="%(n)d points", msgstr=""), "no Chinese text"),
        (polib.POEntry(msgid="%(n)d points", msgstr="%(n)d 积分", flags=["fuzzy"]), "marked fuzzy"),
        (polib.POEntry(msgid="%(n)d points", msgstr="积分"), "placeholders ['%(n)d'] became []"),
        (polib.POEntry(msgid="%(n)d points", msgstr="%(m)d 积分"), "placeholders ['%(n)d'] became ['%(m)d']"),
        (polib.POEntry(msgid="%(n)d points", msgstr="%(n)d 积分", msgctxt="price"), "no Chinese text"),
    ],
)
def test_a_fault_names_file_and_text(entry: polib.POEntry, fault: str) -> None:
    wanted = texts(Text("%(n)d points", files={"points/admin.py"}))

    assert faults(catalogue_of(entry), wanted)[0] == f"points/admin.py: '%(n)d points': {fault}"


def test_a_good_entry_has_no_fault() -> None:
    wanted = texts(Text("%(n)d points", files={"points/admin.py"}))

    assert faults(catalogue_of(polib.POEntry(msgid="%(n)d points", msgstr="%(n)d 积分")), wanted) == []


def test_a_count_needs_an_entry_with_a_plural() -> None:
    wanted = texts(Text("%(n)d code", "%(n)d codes", files={"mall/admin.py"}))

    single = polib.POEntry(msgid="%(n)d code", msgstr="%(n)d 个券码")
    counted = polib.POEntry(msgid="%(n)d code", msgid_plural="%(n)d codes", msgstr_plural={0: "%(n)d 个券码"})

    assert faults(catalogue_of(single), wanted) == [
        "mall/admin.py: '%(n)d code': plural in the code is '%(n)d codes', in the catalogue None"
    ]
    assert faults(catalogue_of(counted), wanted) == []


def test_what_nobody_shows_any_more_is_a_fault() -> None:
    left_over = polib.POEntry(msgid="Old button", msgstr="旧按钮")
    obsolete = polib.POEntry(msgid="Older button", msgstr="更旧的按钮", obsolete=True)

    assert [fault.split(": ")[1] for fault in faults(catalogue_of(left_over, obsolete), {})] == [
        "'Old button'",
        "'Older button'",
    ]


def test_a_binary_of_another_catalogue_is_a_fault(tmp_path: Path) -> None:
    entry = polib.POEntry(msgid="Ship", msgstr="发货")
    binary = tmp_path / "django.mo"
    binary.write_bytes(catalogue_of(entry).to_binary())
    assert list(catalogue.faults_of_binary(catalogue_of(entry), binary)) == []

    entry.msgstr = "寄出"
    assert len(list(catalogue.faults_of_binary(catalogue_of(entry), binary))) == 1


def test_a_text_put_together_when_it_runs_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "views.py").write_text('_("Ready")\n_(f"{n} points")\ngettext("%d" % n)\n')
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "OUR_APPS", ("shop",))

    assert list(catalogue.faults_of_sources()) == [
        "shop/views.py: _(f'{n} points'): the text is not written out",
        "shop/views.py: gettext('%d' % n): the text is not written out",
    ]


# --- reading the sources ------------------------------------------------------------------------------------------


def test_python_is_read_with_counts_and_contexts(tmp_path: Path) -> None:
    path = tmp_path / "views.py"
    path.write_text(
        'title = _("One " "text")\n'
        'count = ngettext("%d lot", "%d lots", n)\n'
        'month = pgettext_lazy("calendar", "May")\n'
        'both = npgettext("bag", "%d item", "%d items", n)\n'
        'not_written_out = _(sub["added"]["name"])\n'
    )

    assert {(text.context, text.singular, text.plural) for text in catalogue.texts_of(path, shown_as="views.py")} == {
        (None, "One text", None),
        (None, "%d lot", "%d lots"),
        ("calendar", "May", None),
        ("bag", "%d item", "%d items"),
    }


def test_templates_are_read_as_django_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        '{% load i18n %}\n  <p title="{{ _(\'Hint\') }}">{% translate "Ship" %}</p>\n'
        '{% translate "May" context "calendar" %}\n'
        "{% blocktranslate trimmed count n=rows|length %}\n  {{ n }} row\n{% plural %}\n  {{ n }} rows\n"
        "{% endblocktranslate %}\n{% comment %}{% translate 'Never shown' %}{% endcomment %}\n"
    )

    assert {(text.context, text.singular, text.plural) for text in catalogue.texts_of(path, shown_as="page.html")} == {
        (None, "Hint", None),
        (None, "Ship", None),
        ("calendar", "May", None),
        (None, "%(n)s row", "%(n)s rows"),
    }


def test_javascript_is_read_with_contexts(tmp_path: Path) -> None:
    path = tmp_path / "filter.js"
    path.write_text("const all = gettext('Choose all %s');\nconst day = pgettext('one letter Friday', 'F');\n")

    assert {(text.context, text.singular) for text in catalogue.texts_of(path, shown_as="filter.js")} == {
        (None, "Choose all %s"),
        ("one letter Friday", "F"),
    }


def test_a_text_with_a_plural_anywhere_is_one_entry() -> None:
    found = texts(Text("item", files={"a.py"}), Text("item", "items", files={"b.py"}))

    assert found == {(None, "item"): Text("item", "items", files={"a.py", "b.py"})}


# --- what staff see -----------------------------------------------------------------------------------------------

# What stands for itself on Chinese pages too.
NAMES = {"id", "openid", "unionid", "csv", "xlsx", "mb", "json", "control", "mac", "command", "ldap", "esc", "cookie"}
# Codes, user names and measures of the demo: data, not texts.
DATA = {"admin", "ops", "finance", "risk", "support", "bronze", "silver", "gold", "platinum", "mall", "review", "cm"}
DATA |= {"adjustment", "transfer"}
# A word that is no part of a path, a key (award:gift), a task (mall.fulfil), an id or a sum of letters and digits.
WORD = re.compile(r"(?<![\w/:.-])[A-Za-z]{2,}(?![\w-]|[:.]\w)")


class Visible(HTMLParser):
    """Gathers what a page shows: its text, and the attributes that browsers show or read out."""

    SHOWN = ("placeholder", "title", "aria-label", "alt", "data-label")
    # Neither is what is shown as it was recorded: JSON, tokens.
    UNSEEN = ("script", "style", "svg", "pre", "code")
    VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.hidden: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.texts += [given[name] for name in self.SHOWN if name in given]
        icon = "material-symbols-outlined" in given.get("class", "")
        if tag not in self.VOID and (self.hidden or icon or tag in self.UNSEEN):
            self.hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and self.hidden[-1] == tag:
            self.hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.texts.append(data)


def english(answer: Any) -> set[str]:
    """Return the English words a page shows."""
    visible = Visible()
    visible.feed(answer.content.decode())
    words = {word for text in visible.texts for word in WORD.findall(text)}
    return {word for word in words if word.lower() not in NAMES | DATA}


def pages_of(model: Any) -> Iterator[str]:
    """Give the addresses of a model's pages in admin, those of the newest row included."""
    row = model.objects.order_by("pk").last()
    for url in admin.site.get_model_admin(model).get_urls():
        for arguments in ([], [row.pk] if row else []):
            with contextlib.suppress(NoReverseMatch):
                yield reverse(f"admin:{url.name}", args=arguments)


@pytest.fixture
def boss(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("老板"))
    return client


def test_english_is_seen_where_there_is_some() -> None:
    page = '<p title="Close">好<svg>Path</svg></p><i class="material-symbols-outlined">group</i><b>Points:</b> 积分'
    codes = "award:gift rule_code mall.fulfil pk-ab R2D2 ID /admin/mall/"

    assert english(HttpResponse(f"{page} {codes}")) == {"Close", "Points"}


@pytest.mark.parametrize("address", ["/admin/login/", "/admin/", "/admin/password_change/"])
def test_the_first_pages_are_chinese(boss: Client, address: str) -> None:
    answer = (Client() if "login" in address else boss).get(address)

    assert answer.status_code == 200
    assert english(answer) == set()


def test_refusals_are_chinese(boss: Client) -> None:
    refused = boss.get("/admin/points/entry/add/")
    stale = Client(enforce_csrf_checks=True).post("/admin/login/", {})

    assert (refused.status_code, stale.status_code) == (403, 403)
    assert english(refused) | english(stale) == set()


@pytest.mark.slow
def test_no_page_of_admin_shows_english(db: None, monkeypatch: pytest.MonkeyPatch, request: Any) -> None:
    monkeypatch.setenv("DEMO_STAFF_PASSWORD", "a-demo-password")
    for command in (["sync_staff_groups"], ["load_programme", "ecommerce"], ["load_demo"], ["audit_ledger"]):
        call_command(*command, stdout=StringIO())
    boss: Client = request.getfixturevalue("boss")

    # Random, so that one now and then has letters only.
    numbers = set(Redemption.objects.values_list("no", flat=True))
    found: dict[str, set[str]] = {}
    opened = 0
    for model in admin.site._registry:
        for address in pages_of(model):
            answer = boss.get(address)
            opened += answer.status_code == 200
            if answer.headers["Content-Type"].startswith("text/html") and (words := english(answer) - numbers):
                found[address] = words

    assert found == {}
    assert opened > 3 * len(admin.site._registry)
