"""Replaying a purchase history: each purchase once, worth what the file says, however often and whenever it is run."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from core.business_time import business_day, now
from growth.models import Behaviour, EarnRule, Order
from growth.replay import cdnow, patience
from growth.replay.partner_api import GaveUp, PartnerApi, Refused
from growth.services.programme import load_programme
from members.models import Identity, Member, PartnerKey
from members.selectors import member_id_by_openid
from members.services.accounts import freeze
from members.services.partners import IssuedKey
from members.services.registration import register
from points import audit
from points.models import Entry, Lot
from points.services.expiry import expire_due

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "CDNOW_sample.txt"
# Customers with a purchase for nothing, twice the same on one day, eight on one day, orders over 100, the first day.
CUSTOMERS = {"00004", "01101", "01668", "09120"}
DAY = timedelta(days=1)

Replay = Callable[..., str]


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A file with all purchases of a few customers of the sample."""
    lines = SAMPLE.read_text(encoding="ascii").splitlines(keepends=True)
    file = tmp_path / "purchases.txt"
    file.write_text("".join(line for line in lines if line.split()[0] in CUSTOMERS), encoding="ascii")
    return file


@pytest.fixture
def replay(live_server: LiveServer) -> Replay:
    """Return a function that replays a file over HTTP and returns what is printed."""
    load_programme(name="ecommerce")

    def run(file: Path, **options: Any) -> str:
        out = StringIO()
        call_command("replay_orders", str(file), **{"url": live_server.url, "batch": 7} | options, stdout=out)
        return out.getvalue()

    return run


def books() -> list[Any]:
    """Return all that a replay writes about purchases."""
    tables = (Behaviour, Order, Entry, Lot, Identity, Member)
    return [list(table.objects.order_by("pk").values()) for table in tables]  # type: ignore[attr-defined]


def faults() -> list[str]:
    return [finding.invariant for finding in audit.check().findings]


# --- the file --------------------------------------------------------------------------------------------------


def test_the_sample_is_whole_and_adds_up_by_a_straight_recomputation() -> None:
    lines = [line.split() for line in SAMPLE.read_text(encoding="ascii").splitlines()]
    purchases = cdnow.parse(SAMPLE.read_text(encoding="ascii").splitlines())

    amounts = [Decimal(line[4]) for line in lines]
    by_hand = sum(int((2 * amount).to_integral_value(ROUND_FLOOR)) + (20 if amount >= 100 else 0) for amount in amounts)

    assert (len(purchases), len({purchase.customer for purchase in purchases})) == (6919, 2357)
    assert sum(purchase.expected_points() for purchase in purchases) == by_hand == 489_375


def test_every_event_of_the_sample_has_a_name_of_its_own_and_comes_in_order_of_time() -> None:
    purchases = cdnow.parse(SAMPLE.read_text(encoding="ascii").splitlines())
    shift = cdnow.shift_to(purchases, last_on=date(2026, 11, 21))

    events = cdnow.events(purchases, shift=shift)

    moments = [datetime.fromisoformat(event["occurred_at"]) for event in events]
    assert moments == sorted(moments)
    assert len({event["event_id"] for event in events}) == len(events) == 2 * 6919
    assert business_day(moments[-1]) == date(2026, 11, 21)
    paid = {event["data"]["order_no"] for event in events if event["behaviour"] == "order_paid"}
    assert len(paid) == 6919


def test_equal_lines_of_one_day_are_different_purchases() -> None:
    line = " 01668 0147 19970731  1    9.77\r\n"

    purchases = cdnow.parse([line, "\r\n", line])

    assert [purchase.order_no for purchase in purchases] == ["01668-19970731-1", "01668-19970731-2"]


@pytest.mark.parametrize(
    ("amount", "points"),
    [("0.00", 0), ("0.49", 0), ("0.50", 1), ("29.73", 59), ("99.99", 199), ("100.00", 220), ("100.49", 220)],
)
def test_points_are_counted_in_whole_fen(amount: str, points: int) -> None:
    assert cdnow.parse([f"1 1 19970101 1 {amount}"])[0].expected_points() == points


@pytest.mark.parametrize(
    "line",
    [
        "00004 0001 19970101 2",
        "00004 0001 19970101 2 29.3",
        "00004 0001 19970101 2 -29.33",
        "00004 0001 19970231 2 29.33",
        "00004 0001 1997-01-01 2 29.33",
        "00004 0001 19970101 2 29.33 more",
        "customer,number,day,cds,amount",
    ],
)
def test_a_line_of_another_format_is_named(line: str) -> None:
    with pytest.raises(cdnow.MalformedFile, match="line 2"):
        cdnow.parse(["00004 0001 19970101 2 29.33", line])


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(cdnow.MalformedFile):
        cdnow.parse(["\n"])


# --- replaying -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_each_purchase_is_booked_once_and_worth_what_the_file_says(replay: Replay, cut: Path) -> None:
    purchases = cdnow.parse(cut.read_text().splitlines())

    said = replay(cut)

    booked = dict(Entry.objects.filter(kind="award").values_list("key", "amount"))
    worth = {order.order_no: booked.get(f"order:{order.pk}:purchase", 0) for order in Order.objects.all()}
    assert worth == {purchase.order_no: purchase.expected_points() for purchase in purchases}
    assert min(worth.values()) == 0
    assert len(worth) > len({(purchase.customer, purchase.bought_on) for purchase in purchases})
    assert f"{2 * len(purchases)} new, 0 known already" in said
    assert "Audit                clean" in said
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_the_last_purchase_was_yesterday_and_the_customer_joined_with_the_first(replay: Replay, cut: Path) -> None:
    purchases = cdnow.parse(cut.read_text().splitlines())
    shift = cdnow.shift_to(purchases, last_on=business_day(now()) - DAY)

    replay(cut)

    assert business_day(Order.objects.latest("paid_at").paid_at) == business_day(now()) - DAY
    member = Member.objects.get(pk=member_id_by_openid(openid="cdnow-00004"))
    assert business_day(member.registered_at) == date(1997, 1, 1) + shift


@pytest.mark.django_db(transaction=True)
def test_replayed_again_nothing_changes(replay: Replay, cut: Path) -> None:
    replay(cut)
    before = books()

    said = replay(cut)

    assert books() == before
    assert "  0 new, " in said


@pytest.mark.django_db(transaction=True)
def test_replayed_on_a_later_day_nothing_changes(replay: Replay, cut: Path) -> None:
    replay(cut)
    before = books()

    with time_machine.travel(now() + 3 * DAY):
        replay(cut)

    assert books() == before


@pytest.mark.django_db(transaction=True)
def test_a_replay_that_was_cut_short_is_taken_up_where_it_stopped(replay: Replay, cut: Path, tmp_path: Path) -> None:
    purchases = cdnow.parse(cut.read_text().splitlines())
    lines = cut.read_text().splitlines(keepends=True)
    last = max(range(len(lines)), key=lambda number: purchases[number].bought_on)
    partly = tmp_path / "partly.txt"
    partly.write_text("".join([*lines[:5], lines[last]]))
    replay(partly)

    said = replay(cut)

    assert Order.objects.count() == len(purchases)
    assert "12 known already" in said
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_purchases_after_those_reported_before_would_lie_in_the_future_and_are_refused(
    replay: Replay, cut: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first.txt"
    first.write_text(cut.read_text().splitlines(keepends=True)[0])
    replay(first)

    with pytest.raises(CommandError, match="in the future"):
        replay(cut)

    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_oldest_points_are_due_and_their_expiry_keeps_the_books_right(replay: Replay, cut: Path) -> None:
    replay(cut)
    expired = expire_due(at=now())
    assert expired.points > 0
    assert Lot.objects.filter(is_open=True, expires_on__lt=business_day(now())).count() == 0
    assert faults() == []
    before = books()

    replay(cut)

    assert books() == before
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_the_journal_holds_every_answer(replay: Replay, cut: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    replay(cut, journal=journal)

    answers = [json.loads(line) for line in journal.read_text().splitlines()]
    assert {answer["event_id"] for answer in answers} == set(Behaviour.objects.values_list("event_id", flat=True))
    assert {answer["status"] for answer in answers} <= {"pending", "awarded", "none"}


# --- when something is not right ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_another_rule_than_the_files_is_noticed(replay: Replay, cut: Path) -> None:
    EarnRule.objects.filter(code="purchase").update(points=3)

    with pytest.raises(CommandError, match="not worth what the file says"):
        replay(cut)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_refused_is_named_and_the_others_are_taken_in(replay: Replay, cut: Path) -> None:
    frozen_id = register(openid="cdnow-00004", at=datetime(2026, 1, 1, tzinfo=UTC))
    freeze(member_id=frozen_id, because="test", by="test", at=now())

    with pytest.raises(CommandError, match="event 00004-19970101-1:paid: error member_frozen"):
        replay(cut)

    assert not Order.objects.filter(member_id=frozen_id).exists()
    assert Order.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_without_a_server_it_gives_up_and_leaves_no_key_in_use(replay: Replay, cut: Path) -> None:
    with pytest.raises(CommandError, match="no answer for"):
        replay(cut, url="http://127.0.0.1:9", patience=0.2)

    assert PartnerKey.objects.get().revoked_at is not None


@pytest.mark.django_db(transaction=True)
def test_the_key_is_revoked_when_the_replay_ends(replay: Replay, cut: Path) -> None:
    replay(cut)

    key = PartnerKey.objects.get()
    assert key.revoked_at is not None
    assert key.may_report_history
    assert key.behaviours == ["order_completed", "order_paid"]


def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("replay_orders", str(tmp_path / "missing.txt"))


# --- the client against servers that fail --------------------------------------------------------------------------


@pytest.fixture
def answers() -> list[Any]:
    """What the failing server does next: a status, "hang up", or the results to answer."""
    return []


@pytest.fixture
def failing_server(answers: list[Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            what = answers.pop(0)
            if what == "hang up":
                self.close_connection = True
                return
            status, results = (what, []) if isinstance(what, int) else (200, what)
            body = json.dumps({"results": results}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def troubles() -> list[str]:
    return []


@pytest.fixture
def client(failing_server: str, troubles: list[str], monkeypatch: pytest.MonkeyPatch) -> PartnerApi:
    monkeypatch.setattr(patience, "FIRST_DELAY_SECONDS", 0.01)
    key = IssuedKey(key_id="pk_test", secret="secret")
    return PartnerApi(base_url=failing_server, key=key, patience_seconds=0.5, on_trouble=troubles.append)


def test_a_call_is_sent_again_until_every_event_is_answered(
    client: PartnerApi, answers: list[Any], troubles: list[str]
) -> None:
    busy = {"event_id": "e1", "status": "error", "code": "event_in_progress"}
    taken = {"event_id": "e1", "status": "duplicate"}
    answers += ["hang up", 503, 500, 429, [busy], [taken]]

    assert client.report([{"event_id": "e1"}]) == [taken]
    assert len(troubles) == 5
    assert answers == []


def test_a_refusal_is_not_sent_again(client: PartnerApi, answers: list[Any], troubles: list[str]) -> None:
    answers += [401, [{"event_id": "e1", "status": "awarded"}]]

    with pytest.raises(Refused, match="401"):
        client.report([{"event_id": "e1"}])
    assert len(answers) == 1


def test_a_server_that_stays_away_is_given_up(client: PartnerApi, answers: list[Any], troubles: list[str]) -> None:
    answers += [503] * 100

    with pytest.raises(GaveUp, match="503"):
        client.report([{"event_id": "e1"}])
    assert 2 < len(troubles) < 20
