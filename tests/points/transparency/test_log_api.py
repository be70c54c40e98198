"""Checkpoints and proofs over HTTP, verified by code that shares nothing with ours."""

import io
import json
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from members.models import Member
from points.models import Checkpoint, Entry
from tests.points.book import earn
from tests.points.transparency.log import as_owner, notes, seal_all, verifier

Api = Callable[[Member], APIClient]


def signed_root(note: str, vkey: str) -> tuple[int, bytes]:
    """Read a checkpoint as its format says."""
    body, signatures = note.split("\n\n")
    signature = b64decode(signatures.split(" ")[2])
    Ed25519PublicKey.from_public_bytes(b64decode(vkey.split("+", 2)[2])[1:]).verify(
        signature[4:], (body + "\n").encode()
    )
    _origin, size, root = body.split("\n")
    return int(size), b64decode(root)


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Compute the root from a leaf, from above as RFC 6962 defines it."""
    if size == 1:
        assert not path
        return sha256(b"\x00" + leaf).digest()
    left = 1
    while left * 2 < size:
        left *= 2
    if index < left:
        return node(climb(leaf, index, left, path[:-1]), path[-1])
    return node(path[-1], climb(leaf, index - left, size - left, path[:-1]))


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fill(member: Member, entries: int) -> None:
    before = Entry.objects.count()
    for number in range(entries):
        earn(member.pk, 10, key=f"k{before + number}", title="签到", breakdown={"lines": [number]})


def proof_path(entry_id: int) -> str:
    return f"/api/v1/points/entries/{entry_id}/proof"


def test_every_entry_of_a_member_has_a_proof(alice: Member, bob: Member, api: Api, anyone: APIClient) -> None:
    fill(alice, 5)
    fill(bob, 6)
    seal_all(batch=4)
    vkey = anyone.get("/api/v1/log/key").content.decode().strip()

    for place, entry in enumerate(Entry.objects.filter(member=alice).order_by("id")):
        proof = api(alice).get(proof_path(entry.pk)).json()
        size, root = signed_root(proof["checkpoint"], vkey)
        assert (proof["index"], proof["size"]) == (place, size) == (place, 11)
        path = [b64decode(value) for value in proof["hashes"]]
        assert climb(proof["leaf"].encode(), proof["index"], size, path) == root
        assert json.loads(proof["leaf"])["id"] == entry.pk
        assert json.loads(proof["leaf"])["title"] == "签到"


def test_an_entry_of_another_member_is_not_there(alice: Member, bob: Member, api: Api) -> None:
    fill(alice, 1)
    seal_all()
    entry = Entry.objects.get()

    for entry_id in (entry.pk, entry.pk + 1, 10**30):
        response = api(bob).get(proof_path(entry_id))
        assert (response.status_code, response.json()["code"]) == (404, "entry_not_found")


def test_an_unsealed_entry_asks_to_come_back(alice: Member, api: Api) -> None:
    fill(alice, 1)
    first = Entry.objects.get()
    before = api(alice).get(proof_path(first.pk))
    seal_all()
    fill(alice, 1)
    after = api(alice).get(proof_path(Entry.objects.exclude(pk=first.pk).get().pk))

    for response in (before, after):
        assert (response.status_code, response.json()["code"]) == (409, "entry_not_sealed")
        assert response.headers["Retry-After"] == "60"
    assert api(alice).get(proof_path(first.pk)).status_code == 200


def test_a_proof_needs_a_login(anyone: APIClient, db: None) -> None:
    assert anyone.get(proof_path(1)).status_code == 401


def test_a_changed_entry_has_no_proof_that_fits(alice: Member, api: Api) -> None:
    fill(alice, 3)
    seal_all()
    entry = Entry.objects.order_by("id")[1]
    as_owner("UPDATE points_entry SET amount = 11 WHERE id = %s", entry.pk)

    proof = api(alice).get(proof_path(entry.pk)).json()

    size, root = signed_root(proof["checkpoint"], verifier().vkey)
    assert climb(proof["leaf"].encode(), 1, size, [b64decode(value) for value in proof["hashes"]]) != root


def test_the_newest_checkpoint_is_a_note(alice: Member, anyone: APIClient) -> None:
    empty = anyone.get("/api/v1/log/checkpoint")
    assert (empty.status_code, empty.json()["code"]) == (404, "log_too_short")
    fill(alice, 3)
    seal_all(batch=2)

    response = anyone.get("/api/v1/log/checkpoint", headers={"Accept": "text/plain"})

    assert response.content.decode() == notes()[-1]
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_without_a_key_there_is_no_key(anyone: APIClient, db: None, settings: Any) -> None:
    settings.LEDGER_LOG_KEY = ""

    assert anyone.get("/api/v1/log/key").status_code == 404


def test_checkpoints_come_in_pages(alice: Member, anyone: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("points.log_views.PAGE", 2)
    fill(alice, 5)
    seal_all(batch=1)

    after: int | None = 0
    seen = []
    while after is not None:
        page = anyone.get(f"/api/v1/log/checkpoints?after={after}").json()
        assert len(page["results"]) <= 2
        seen += [row["note"] for row in page["results"]]
        after = page["next"]
    assert seen == notes()
    assert len(seen) == 5


def test_a_consistency_proof_is_the_one_of_the_tree_and_never_changes(alice: Member, anyone: APIClient) -> None:
    fill(alice, 7)
    seal_all(batch=3)

    response = anyone.get("/api/v1/log/consistency?first=3&second=7")

    roots = dict(signed_root(note, verifier().vkey) for note in notes())
    hashes = [b64decode(value) for value in response.json()["hashes"]]
    third, fourth, left, right = hashes
    assert node(left, third) == roots[3]
    assert node(node(left, node(third, fourth)), right) == roots[7]
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("first=3&second=8", 404, "log_too_short"),
        ("first=3&second=2", 400, "invalid"),
        ("first=-1&second=2", 400, "invalid"),
        ("first=1", 400, "invalid"),
        ("first=1&second=99999999999999999999", 400, "invalid"),
        ("first=1&second=2&third=3", 400, "invalid"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(
    alice: Member, anyone: APIClient, query: str, status: int, code: str
) -> None:
    fill(alice, 3)
    seal_all()

    response = anyone.get(f"/api/v1/log/consistency?{query}")

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_the_command_verifies_a_proof_offline(
    alice: Member, api: Api, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    fill(alice, 5)
    seal_all()
    proof = api(alice).get(proof_path(Entry.objects.order_by("id")[2].pk)).json()
    path = tmp_path / "proof.json"
    out = io.StringIO()
    path.write_text(json.dumps(proof), encoding="utf-8")

    with django_assert_num_queries(0):
        call_command("verify_log", f"--key={verifier().vkey}", f"--proof={path}", stdout=out)
    assert out.getvalue().splitlines() == [proof["leaf"], "This is leaf 2 of the 5 that were signed."]

    for wrong, why in (
        (proof | {"leaf": proof["leaf"].replace('"amount":10', '"amount":11')}, "does not lead"),
        (proof | {"index": 3}, "does not lead"),
        (proof | {"size": 6}, "does not lead"),
        (proof | {"checkpoint": proof["checkpoint"].replace("\n5\n", "\n6\n")}, "checkpoint is not valid"),
        ({"leaf": 1}, "not a proof"),
        ([], "not a proof"),
        (proof | {"hashes": ["?"]}, "not a proof"),
    ):
        path.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(CommandError, match=why):
            call_command("verify_log", f"--key={verifier().vkey}", f"--proof={path}", stdout=io.StringIO())


def test_the_command_collects_checkpoints_from_the_api(alice: Member, live_server: Any) -> None:
    fill(alice, 3)
    seal_all(batch=1)
    out = io.StringIO()

    call_command(
        "verify_log",
        f"--key={verifier().vkey}",
        f"--checkpoints={live_server.url}/api/v1/log/checkpoints",
        stdout=out,
    )

    assert "3 checkpoints, the newest over 3 entries" in out.getvalue()
    with pytest.raises(CommandError, match="No checkpoints from"):
        call_command(
            "verify_log", f"--key={verifier().vkey}", f"--checkpoints={live_server.url}/api/v1/none", stdout=out
        )


def test_admin_shows_checkpoints_and_which_leaf_an_entry_is(alice: Member) -> None:
    fill(alice, 2)
    seal_all()
    fill(alice, 1)
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="not used"))
    sealed, unsealed = (
        client.get(f"/admin/points/entry/{entry.pk}/change/").context["adminform"].model_admin.sealed_as(entry)
        for entry in Entry.objects.order_by("id")[1:]
    )
    checkpoint = Checkpoint.objects.get()
    root = bytes(checkpoint.root).hex()

    assert "1" in sealed
    assert "1" not in unsealed
    assert root[:16] in client.get("/admin/points/checkpoint/").content.decode()
    assert root in client.get(f"/admin/points/checkpoint/{checkpoint.pk}/change/").content.decode()
    assert client.post(f"/admin/points/checkpoint/{checkpoint.pk}/delete/", {"post": "yes"}).status_code == 403
