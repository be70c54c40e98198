"""The virtual environment that the other packages live in. Made once, made anew when its list of packages changes."""

import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements-peers.txt"
READY = "ready.txt"


class NotInstalledError(RuntimeError):
    """The packages could not be installed: mostly there is no network."""


def python(folder: Path) -> Path:
    """Return the interpreter of the environment in `folder`, made if need be. Raises NotInstalledError."""
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    ready, interpreter = folder / READY, folder / "bin" / "python"
    if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter), "--disable-pip-version-check"]
    _run(*pip, "install", "--quiet", "-r", str(REQUIREMENTS))
    ready.write_text(wanted, encoding="utf-8")
    return interpreter


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise NotInstalledError(ran.stderr.strip().rpartition("\n")[2] or f"{command[0]} failed")
