"""What the database's owner can do to the log, and what manage.py verify_log says of it."""

import io
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from members.models import Member
from points import merkle
from points.entry_leaves import leaf_of
from points.models import Entry, LogTile
from points.services import sealing
from points.signed_note import CheckpointBody, Signer
from tests.points.book import earn, spend
from tests.points.transparency.log import as_owner, notes, seal_all, verifier

STRANGER = Signer(name="points-mall/ledger", seed=b64encode(bytes(32)).decode())


@pytest.fixture
def ids(alice: Member, bob: Member) -> list[int]:
    """Ten sealed entries in batches of three, with gaps between their ids; then three unsealed ones."""
    for number in range(5):
        earn(alice.pk, 100, key=f"a{number}", breakdown={"lines": [number]})
        earn(alice.pk, 100, key=f"a{number}")
        spend(alice.pk, 30, key=f"s{number}")
    sealed = list(Entry.objects.order_by("id").values_list("id", flat=True))
    seal_all(batch=3)
    for number in range(3):
        earn(bob.pk, 7, key=f"b{number}")
    return sealed


@pytest.fixture
def kept(ids: list[int], tmp_path: Path) -> Path:
    """The checkpoints as somebody outside has kept them, one JSON object a line."""
    path = tmp_path / "kept.jsonl"
    path.write_text("".join(json.dumps({"note": note}) + "\n" for note in notes()), encoding="utf-8")
    return path


def verify(path: Path, *keys: str) -> list[str]:
    """Return the lines the command prints; the last one says good or bad."""
    out = io.StringIO()
    vkeys = keys or (verifier().vkey,)
    try:
        call_command("verify_log", f"--checkpoints={path}", *(f"--key={key}" for key in vkeys), stdout=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), f"FAILED: {error}"]
    return out.getvalue().splitlines()


def faults(path: Path, *keys: str) -> list[str]:
    lines = verify(path, *keys)
    assert lines[-1].startswith("FAILED"), lines
    return lines[:-1]


def test_an_untouched_log_is_as_it_was_signed(kept: Path) -> None:
    (line,) = verify(kept)

    assert line.startswith("The log is as it was signed: 4 checkpoints, the newest over 10 entries; 13 entries read")
    assert line.endswith("the newest 3 are in no checkpoint yet.")


def test_checkpoints_may_come_as_plain_notes_or_as_the_api_answers(kept: Path) -> None:
    for content in ("\n".join(notes()), json.dumps({"results": [{"note": n} for n in notes()], "next": None})):
        kept.write_text(content, encoding="utf-8")
        assert verify(kept)[0].startswith("The log is as it was signed: 4 checkpoints")


@pytest.mark.parametrize(
    "change", ["amount = amount + 1", """breakdown = '{"lines": [99]}'""", "occurred_at = 'infinity'", "lot_ids = '{}'"]
)
@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_changed_entry_is_named(kept: Path, ids: list[int], alice: Member, change: str, place: int) -> None:
    as_owner(f"UPDATE points_entry SET {change} WHERE id = %s", ids[place])

    assert faults(kept) == [f"entry {ids[place]} of member {alice.pk} (leaf {place}) was changed"]


@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_removed_entry_is_named(kept: Path, ids: list[int], place: int) -> None:
    as_owner("DELETE FROM points_entry WHERE id = %s", ids[place])

    assert faults(kept) == [f"entry {ids[place]} (leaf {place}) was removed"]


def test_removed_newest_entries_are_named_when_nothing_came_after_them(kept: Path, ids: list[int]) -> None:
    as_owner("DELETE FROM points_entry WHERE id >= %s", ids[8])

    assert faults(kept) == [f"entry {ids[8]} (leaf 8) was removed", f"entry {ids[9]} (leaf 9) was removed"]


def test_an_inserted_entry_with_an_old_id_is_named(kept: Path, ids: list[int], alice: Member) -> None:
    gap = ids[0] + 1
    assert gap not in ids
    for entry_id, key in ((gap, "x"), (-5, "y")):
        as_owner(
            "INSERT INTO points_entry OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(e, jsonb_build_object("
            "'id', %s::bigint, 'key', %s::text))).* FROM points_entry e WHERE id = %s",
            entry_id,
            key,
            ids[0],
        )

    assert faults(kept) == [
        f"entry {entry_id} of member {alice.pk} was inserted: a sealed batch has no such entry"
        for entry_id in (-5, gap)
    ]


def test_several_tamperings_are_each_named(kept: Path, ids: list[int], alice: Member) -> None:
    as_owner("UPDATE points_entry SET title = 'x' WHERE id = %s", ids[1])
    as_owner("DELETE FROM points_entry WHERE id = %s", ids[4])
    as_owner("UPDATE points_entry SET id = id + 1000000 WHERE id = %s", ids[7])

    assert faults(kept) == [
        f"entry {ids[1]} of member {alice.pk} (leaf 1) was changed",
        f"entry {ids[4]} (leaf 4) was removed",
        f"entry {ids[7]} (leaf 7) was removed",
    ]


def rewrite_tile(place: int, entry_id: int) -> None:
    """Make the stored hash fit the entry of today."""
    tile = LogTile.objects.get(level=0)
    hashes = bytearray(tile.hashes)
    hashes[place * 32 : (place + 1) * 32] = merkle.leaf_hash(leaf_of(entry_id))
    as_owner("UPDATE points_logtile SET hashes = %s WHERE level = 0", bytes(hashes))


def test_with_the_hashes_tampered_with_too_the_batch_is_named(kept: Path, ids: list[int]) -> None:
    as_owner("UPDATE points_entry SET amount = amount + 1 WHERE id = %s", ids[4])
    rewrite_tile(4, ids[4])

    (line,) = faults(kept)
    assert line == (
        f"batch: leaves 3 to 5, today the entries {ids[3]} to {ids[5]}, are not those that were signed: at least one"
        " was changed, removed or inserted, and the stored hashes too; the 2 later checkpoints cannot be judged"
    )


def test_hashes_alone_tampered_with_spoil_proofs_and_are_reported(kept: Path, ids: list[int]) -> None:
    rewrite_tile(4, ids[5])

    (line,) = faults(kept)
    assert line.startswith("stored hashes: they reproduce the log up to leaf 3 of 10 only.")


def test_a_wrong_name_at_a_proven_hash_is_told_apart_from_a_removal(kept: Path, ids: list[int]) -> None:
    as_owner("UPDATE points_logtile SET entry_ids[5] = %s WHERE level = 0", ids[4] + 1)
    as_owner("UPDATE points_entry SET title = 'x' WHERE id = %s", ids[8])

    first, second = faults(kept)
    assert first == f"stored hashes: leaf 4 is entry {ids[4]}, but is marked as entry {ids[4] + 1}"
    assert second.startswith(f"entry {ids[8]} ")


def seal_anew() -> None:
    """What an owner with the signing key does: forget the log, and seal the present entries."""
    for table in ("points_checkpoint", "points_logtile", "points_sealmark"):
        as_owner(f"DELETE FROM {table}")
    seal_all(batch=3)


def test_an_owner_who_rewrites_everything_is_convicted_by_what_was_kept(kept: Path, ids: list[int]) -> None:
    as_owner("UPDATE points_entry SET amount = amount + 1 WHERE id = %s", ids[4])
    seal_anew()

    (line,) = faults(kept)
    assert line.startswith(f"batch: leaves 3 to 5, today the entries {ids[3]} to {ids[5]}, are not those")

    kept.write_text(kept.read_text(encoding="utf-8") + "".join(json.dumps({"note": note}) + "\n" for note in notes()))
    assert [line.split(":")[0] for line in faults(kept)] == ["fork", "fork", "batch"]
    assert faults(kept)[0].startswith("fork: 2 different roots are signed for 6 entries: ")


def test_a_log_that_was_rolled_back_is_reported(kept: Path, ids: list[int]) -> None:
    as_owner("DELETE FROM points_entry WHERE id > %s", ids[4])
    seal_anew()

    (line,) = faults(kept)
    assert line == (
        "rollback: 6 entries were signed for, only 5 are there: of leaves 3 to 5, 1 are missing;"
        " the 2 later checkpoints cannot be judged"
    )


def test_a_forged_checkpoint_is_refused(kept: Path, ids: list[int]) -> None:
    body = CheckpointBody(origin="points-mall/ledger", size=12, root=bytes(32))
    honest = kept.read_text(encoding="utf-8")
    kept.write_text(honest + json.dumps({"note": STRANGER.sign(body.text())}) + "\n", encoding="utf-8")

    assert faults(kept) == ["checkpoint 5 of those given: no known key has signed it"]


def test_a_changed_or_foreign_checkpoint_is_refused(kept: Path, ids: list[int]) -> None:
    foreign = sealing.signer().sign(CheckpointBody(origin="another/log", size=12, root=bytes(32)).text())
    changed = notes()[0].replace("\n3\n", "\n4\n")
    kept.write_text("".join(json.dumps({"note": note}) + "\n" for note in (changed, foreign)) + '{"torn')

    assert faults(kept) == [
        "checkpoint 1 of those given: the signature of points-mall/ledger does not fit the text",
        "checkpoint 2 of those given: it is of another log, another/log",
        "checkpoint 3 of those given: it has no signatures",
    ]


def test_after_a_rotation_each_checkpoint_is_verified_by_its_key(kept: Path, settings: Any, alice: Member) -> None:
    former = verifier().vkey
    settings.LEDGER_LOG_KEY = b64encode(bytes(32)).decode()
    seal_all()
    kept.write_text("\n".join(notes()), encoding="utf-8")

    assert verify(kept, former, verifier().vkey)[0].startswith("The log is as it was signed: 5 checkpoints")
    assert faults(kept, former) == ["checkpoint 5 of those given: no known key has signed it"]


def test_bad_input_is_refused(kept: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert "no checkpoints" in verify(empty)[-1]
    assert "Cannot read" in verify(tmp_path / "absent")[-1]
    assert "not a verifier's key" in verify(kept, "nonsense")[-1]


def test_many_faults_are_cut_short(kept: Path, ids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("points.log_audit.MAX_NAMED", 4)
    as_owner("UPDATE points_entry SET title = 'x'")

    assert faults(kept)[4:] == ["and more"]


def test_the_table_of_checkpoints_is_not_asked(kept: Path, ids: list[int]) -> None:
    as_owner("DELETE FROM points_checkpoint")

    assert verify(kept)[0].startswith("The log is as it was signed")
