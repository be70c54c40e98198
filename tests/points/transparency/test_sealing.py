"""Which entries are sealed when, into what, and what a crash in between leaves behind."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import InternalError

from core.business_time import now
from members.models import Member
from points import merkle, tiles
from points.entry_leaves import leaf_of
from points.log_reading import leaf_index
from points.models import Checkpoint, Entry, LogTile, SealMark
from points.services import sealing
from points.signed_note import BadKeyError, CheckpointBody, open_note
from tests.factories import new_member
from tests.points.book import earn, spend
from tests.points.transparency.log import as_owner, notes, seal_all, unsealed, verifier


def fill(member_id: int, entries: int) -> None:
    """Make so many entries, with gaps between their ids as rolled-back movements leave."""
    before = Entry.objects.count()
    for number in range(entries):
        earn(member_id, 10, key=f"fill:{before + number}")
        if number % 3 == 0:
            earn(member_id, 10, key=f"fill:{before + number}")  # a repeat takes an id and books nothing


def expected_root(size: int) -> bytes:
    frontier = merkle.Frontier()
    for entry_id in Entry.objects.order_by("id").values_list("id", flat=True)[:size]:
        frontier.append(merkle.leaf_hash(leaf_of(entry_id)))
    return frontier.root()


def test_entries_are_sealed_once_in_the_order_of_their_ids(alice: Member) -> None:
    fill(alice.pk, 7)

    assert seal_all() == 7
    assert seal_all() == 7

    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    assert ids[-1] - ids[0] > 6
    assert [leaf_index(entry_id) for entry_id in ids] == list(range(7))
    newest = Checkpoint.objects.get()
    assert (newest.size, bytes(newest.root), newest.last_entry_id) == (7, expected_root(7), ids[-1])


def test_each_batch_ends_with_a_signed_checkpoint(alice: Member) -> None:
    fill(alice.pk, 7)

    seal_all(batch=3)

    bodies = [CheckpointBody.parse(open_note(note, [verifier()]).text) for note in notes()]
    assert [(body.origin, body.size, body.root) for body in bodies] == [
        ("points-mall/ledger", size, expected_root(size)) for size in (3, 6, 7)
    ]


@pytest.mark.parametrize("batch", [100, 256, 700])
def test_tiles_grow_over_several_levels_and_every_proof_fits(alice: Member, batch: int) -> None:
    fill(alice.pk, 600)
    seal_all(batch=batch)
    fill(alice.pk, 30)

    size = seal_all(batch=batch)

    assert size == 630
    assert set(LogTile.objects.values_list("level", "index")) == {(0, 0), (0, 1), (0, 2), (1, 0)}
    root, node = expected_root(size), tiles.Tiles().node
    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    for index in (0, 1, 255, 256, 511, 512, 600, 629):
        proof = merkle.inclusion_proof(index, size, node)
        leaf = merkle.leaf_hash(leaf_of(ids[index]))
        assert merkle.verify_inclusion(leaf, index=index, size=size, proof=proof, root=root)
        assert leaf_index(ids[index]) == index


def test_nothing_to_seal_makes_no_checkpoint(db: None) -> None:
    assert seal_all() == 0
    assert not Checkpoint.objects.exists()


def test_without_a_key_nothing_is_sealed_and_a_wrong_one_is_refused(alice: Member, settings: Any) -> None:
    fill(alice.pk, 1)

    settings.LEDGER_LOG_KEY = ""
    assert sealing.seal(at=now()) == sealing.Sealed(entries=0, size=0)
    settings.LEDGER_LOG_KEY = "no key"
    with pytest.raises(BadKeyError):
        sealing.seal(at=now())
    assert unsealed() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM points_logtile",
        "UPDATE points_logtile SET hashes = set_byte(hashes, 0, 1 - get_byte(hashes, 0) % 2)",
        "UPDATE points_logtile SET entry_ids[1] = 99999999",
        "UPDATE points_logtile SET index = 7",
        "UPDATE points_checkpoint SET size = size + 1",
        "DELETE FROM points_checkpoint",
    ],
)
def test_what_is_sealed_stays_as_it_is(alice: Member, statement: str) -> None:
    fill(alice.pk, 2)
    seal_all()

    with pytest.raises(InternalError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_sealing_refuses_to_go_on_over_damaged_tiles(alice: Member) -> None:
    fill(alice.pk, 2)
    seal_all()
    as_owner("UPDATE points_logtile SET hashes = substring(hashes FROM 1 FOR 32)")
    fill(alice.pk, 1)

    with pytest.raises(tiles.DamagedTilesError):
        seal_all()
    assert Checkpoint.objects.count() == 1


def test_a_mark_that_came_with_a_backup_from_another_server_does_not_stop_sealing(alice: Member) -> None:
    fill(alice.pk, 2)
    SealMark.objects.create(up_to_entry_id=1, horizon=2**60)

    assert seal_all() == 2


@pytest.fixture
def published(settings: Any, tmp_path: Path) -> Path:
    settings.LEDGER_LOG_PUBLISH_FILE = str(tmp_path / "new folder" / "checkpoints.jsonl")
    return Path(settings.LEDGER_LOG_PUBLISH_FILE)


def published_notes(path: Path) -> list[str]:
    return [json.loads(line)["note"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_checkpoint_is_appended_to_the_file(alice: Member, published: Path) -> None:
    fill(alice.pk, 5)
    seal_all(batch=2)
    fill(alice.pk, 1)
    seal_all()
    sealing.seal(at=now())

    assert published_notes(published) == notes()
    assert len(notes()) == 4


@pytest.mark.parametrize("torn", [b"", b'{"size": 9, "note": "points'])
def test_what_a_crash_kept_from_the_file_comes_with_the_next_run(alice: Member, published: Path, torn: bytes) -> None:
    fill(alice.pk, 2)
    seal_all()
    kept = published.read_bytes()
    fill(alice.pk, 2)
    seal_all()
    published.write_bytes(kept + torn)

    sealing.seal(at=now())

    assert published_notes(published) == notes()


def test_a_file_that_cannot_be_written_does_not_stop_sealing(alice: Member, settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_LOG_PUBLISH_FILE = str(tmp_path)  # a folder
    fill(alice.pk, 2)

    assert seal_all() == 2


def test_nothing_is_published_for_a_log_that_became_shorter(alice: Member, published: Path) -> None:
    fill(alice.pk, 3)
    seal_all()
    before = published.read_bytes()
    as_owner("DELETE FROM points_checkpoint")
    as_owner("DELETE FROM points_logtile")
    as_owner("DELETE FROM points_entry WHERE id = (SELECT max(id) FROM points_entry)")

    assert seal_all() == 2
    assert published.read_bytes() == before


@pytest.fixture
def late(transactional_db: None) -> Iterator[Any]:
    """An award whose transaction has its entry id and stays open until `late.finish()`."""
    member = new_member("Late")
    booked, may_end = threading.Event(), threading.Event()

    class Late:
        def finish(self) -> None:
            may_end.set()
            thread.join(timeout=30)

    def book() -> None:
        with transaction.atomic():
            earn(member.pk, 5, key="late")
            booked.set()
            may_end.wait(timeout=60)
        connections.close_all()

    thread = threading.Thread(target=book)
    thread.start()
    assert booked.wait(timeout=30)
    yield Late()
    may_end.set()
    thread.join(timeout=30)


@pytest.mark.race
def test_an_entry_that_commits_late_is_sealed_in_its_place(late: Any) -> None:
    member = new_member()
    earn(member.pk, 5, key="on time")

    for _run in range(3):
        assert sealing.seal(at=now()).size == 0
    late.finish()

    assert seal_all() == 2
    assert list(Entry.objects.order_by("id").values_list("key", flat=True)) == ["late", "on time"]
    assert bytes(Checkpoint.objects.get().root) == expected_root(2)


@pytest.mark.race
def test_control_without_the_horizon_the_late_entry_is_lost_to_the_log(
    late: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = new_member()
    earn(member.pk, 5, key="on time")
    monkeypatch.setattr(sealing, "_all_older_have_ended", lambda _horizon: True)

    assert sealing.seal(at=now()).size == 1
    late.finish()
    spend(member.pk, 1, key="next")
    size = sealing.seal(at=now()).size

    assert (size, Entry.objects.count()) == (2, 3)
    assert bytes(Checkpoint.objects.get(size=2).root) != expected_root(2)


@pytest.mark.race
def test_of_two_workers_at_once_one_works(transactional_db: None) -> None:
    fill(new_member().pk, 5)
    sealing.seal(at=now())  # sets the mark
    sizes: list[int] = []

    def work() -> None:
        sizes.append(sealing.seal(at=now(), batch=1).size)
        connections.close_all()

    threads = [threading.Thread(target=work) for _worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seal_all() == 5
    assert len(sizes) == 2
    assert bytes(Checkpoint.objects.get(size=5).root) == expected_root(5)
