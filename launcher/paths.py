"""Where things lie in this copy of the repository."""

import os
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError


@dataclass(frozen=True)
class Paths:
    """Folders and files of one copy. Everything changeable is in `var`; MALL_VAR in the environment moves it."""

    repo: Path
    var: Path

    @classmethod
    def here(cls) -> "Paths":
        """Return the paths of the copy that this file belongs to."""
        repo = Path(__file__).resolve().parent.parent
        return cls(repo=repo, var=Path(os.environ.get("MALL_VAR") or repo / "var").absolute())

    @property
    def venv(self) -> Path:
        return self.repo / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def setup(self) -> Path:
        """Return where the making of the environment is locked and logged: beside it, whatever MALL_VAR says."""
        return self.repo / "var" / "setup"

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets.json"

    @property
    def state(self) -> Path:
        return self.run / "state.json"

    def make_folders(self) -> None:
        """Make `var` and what is private in it. Raises LaunchError when the disk does not let us."""
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            for folder in (self.setup, self.run, self.log):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                probe = folder / ".writable"
                probe.touch()
                probe.unlink()
        except OSError as error:
            raise LaunchError(
                f"Cannot write to {error.filename or self.var}: {error.strerror}.\n"
                "The points mall keeps its data and logs there. Make the folder writable for this user, "
                "or run from a copy of your own."
            ) from error
