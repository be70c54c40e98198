"""The secrets of a copy: made once, and added to when a later version needs one more."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from launcher import secret_file, steps
from launcher.errors import LaunchError
from launcher.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(repo=tmp_path, var=tmp_path)


def test_secrets_are_made_once_and_only_their_owner_reads_them(paths: Paths) -> None:
    first = secret_file.load(paths)

    assert secret_file.load(paths) == first
    assert paths.secrets.stat().st_mode & 0o777 == 0o600


def test_a_file_of_an_earlier_version_gets_the_key_of_the_log_and_keeps_it(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEDGER_LOG_KEY", raising=False)
    made = secret_file.load(paths)
    content = json.loads(paths.secrets.read_text())
    del content["ledger_log_key"]
    paths.secrets.write_text(json.dumps(content))

    added = secret_file.load(paths)

    assert len(b64decode(added.ledger_log_key)) == 32
    assert added.ledger_log_key != made.ledger_log_key
    assert (added.database, added.staff) == (made.database, made.staff)
    assert secret_file.load(paths) == added
    assert steps.environment(paths, added, {})["LEDGER_LOG_KEY"] == added.ledger_log_key
    assert paths.secrets.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[]", "{", '{"database": "x"}'])
def test_a_damaged_file_is_not_made_anew(paths: Paths, content: str) -> None:
    paths.secrets.write_text(content)

    with pytest.raises(LaunchError, match="damaged"):
        secret_file.load(paths)
    assert "database_admin" not in paths.secrets.read_text()
