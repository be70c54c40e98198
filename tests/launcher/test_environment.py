"""The virtual environment: made once, and made anew when its making was cut short. With real venv and pip."""

from pathlib import Path

import pytest

from launcher import environment
from launcher.errors import LaunchError
from launcher.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A repository that needs no packages."""
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (tmp_path / name).write_text("# nothing\n")
    return Paths(repo=tmp_path, var=tmp_path / "var")


def test_what_a_killed_installation_left_is_made_anew_once_and_a_failing_pip_is_quoted(paths: Paths) -> None:
    # pip, killed while it unpacked: the next one would take half a package for a whole one.
    half_a_package = paths.venv / "half-a-package"
    half_a_package.mkdir(parents=True)
    paths.make_folders()
    (paths.setup / "unfinished").touch()
    environment.ensure(paths, dev=False)
    assert not half_a_package.exists()
    made = paths.python.lstat().st_mtime_ns
    environment.ensure(paths, dev=False)
    assert paths.python.lstat().st_mtime_ns == made
    (paths.repo / "requirements.txt").write_text("-r not-there.txt\n")
    with pytest.raises(LaunchError, match=r"(?s)pip said:.*not-there\.txt"):
        environment.ensure(paths, dev=False)
    assert (paths.setup / "unfinished").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "var"
    occupied.write_text("a file, where a folder should be")
    with pytest.raises(LaunchError, match=f"Cannot write to {occupied}"):
        Paths(repo=tmp_path, var=occupied).make_folders()


def test_another_machine_than_linux_on_x86_is_refused_in_words(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(LaunchError, match=r"This machine is Linux riscv64.*\n.*DATABASE_URL and REDIS_URL"):
        environment.ensure(paths, dev=False)
