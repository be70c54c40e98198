"""Under whom the servers run. PostgreSQL refuses to be run by root, so root lends them an account without rights."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from launcher.errors import LaunchError

# Every Linux has it, and it owns nothing.
ACCOUNT = "nobody"


class Ownership(TypedDict, total=False):
    """The arguments of subprocess that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServiceUser:
    """An account that is not root."""

    name: str
    uid: int
    gid: int

    def can_use(self, program: Path, *files: Path) -> bool:
        """Tell whether this account can run a program and read files (or list folders) where they are."""
        test = 'test -x "$0" && for file; do test -r "$file" || exit 1; done'
        command = ["/bin/sh", "-c", test, str(program), *map(str, files)]
        try:
            return subprocess.run(command, cwd="/", check=False, **as_user(self)).returncode == 0
        except OSError as error:
            raise LaunchError(
                f"PostgreSQL refuses to run as root, and this root may not become {self.name} ({error.strerror}).\n"
                "Run as a normal user, or set DATABASE_URL and REDIS_URL."
            ) from error

    def own(self, folder: Path) -> None:
        """Make a folder that only this account may enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, self.uid, self.gid)


def as_user(user: ServiceUser | None) -> Ownership:
    """Return subprocess's arguments for running as this account; none for running as ourselves."""
    if user is None:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def needed(data: Path | None = None) -> ServiceUser | None:
    """Return the account to run servers as, None when we are not root. Raises LaunchError when root has none.

    Data that another account made stays that account's.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = data.stat().st_uid if data and data.exists() else 0
        account = pwd.getpwuid(owner) if owner else pwd.getpwnam(ACCOUNT)
    except KeyError as error:
        raise LaunchError(
            f"PostgreSQL refuses to run as root, and there is no account to run it as ({error.args[0]}).\n"
            "Run as a normal user, or set DATABASE_URL and REDIS_URL."
        ) from error
    return ServiceUser(name=account.pw_name, uid=account.pw_uid, gid=account.pw_gid)
