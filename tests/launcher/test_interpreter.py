"""Which Python is taken, and what is said when none fits."""

import subprocess
import sys
from pathlib import Path

import pytest

from launcher import interpreter
from launcher.errors import LaunchError

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH; programs in it answer the launcher's question as other Pythons would."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    return tmp_path


def install(folder: Path, name: str, answer: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)


def test_a_later_python_is_found_when_the_first_is_too_old(pythons: Path) -> None:
    install(pythons, "python3", "echo 3 8 1")
    install(pythons, "python3.11", "echo 3 11 1")
    assert interpreter.find() == str(pythons / "python3.11")


def test_each_python_that_does_not_fit_is_named_with_the_reason(pythons: Path) -> None:
    install(pythons, "python3", "echo 3 8 1")
    install(pythons, "python3.11", "echo 3 11 0")
    install(pythons, "python3.12", "exit 127")
    install(pythons, "python3.13", "echo 3 13 1")
    with pytest.raises(LaunchError) as refusal:
        interpreter.find()
    words = str(refusal.value)
    assert "needs Python 3.11 or 3.12" in words
    assert f"{pythons}/python3: Python 3.8, too old" in words
    assert "ensurepip is missing (on Debian and Ubuntu: apt install python3.11-venv)" in words
    assert f"{pythons}/python3.12: does not run" in words
    assert "Python 3.13, too new for the Redis server" in words


def test_a_newer_python_fits_beside_a_redis_of_ones_own(pythons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(pythons, "python3", "echo 3 13 1")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6379/0")
    assert interpreter.find() == str(pythons / "python3")


def test_what_an_old_python_reads_has_no_new_syntax() -> None:
    """Compiled as for 3.6, the oldest that says "too old" instead of a syntax error."""
    for name in ("__init__", "__main__", "errors", "interpreter"):
        compile_as_36 = "import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 6))"
        path = REPO / "launcher" / f"{name}.py"
        assert subprocess.run([sys.executable, "-c", compile_as_36, str(path)], check=False).returncode == 0, path
