"""The servers that the product stands on: ours, unless DATABASE_URL or REDIS_URL names others."""

import os
from pathlib import Path

from launcher import ports
from launcher.place import Place
from launcher.postgres import Postgres
from launcher.redis import Redis
from launcher.secret_file import Secrets
from launcher.supervisor import Supervisor
from launcher.terminal import step


def are_all_given() -> bool:
    """Tell whether the environment names both servers, so that we start none."""
    return bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def start(supervisor: Supervisor, place: Place, secrets: Secrets, *, logs: Path, careless: bool) -> dict[str, str]:
    """Start what is not given and return both addresses as settings."""
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if "DATABASE_URL" not in urls:
        postgres = Postgres(place=place, secrets=secrets, port=ports.pick(), careless=careless)
        if not postgres.data.exists():
            with step("New database"):
                postgres.prepare()
        postgres.prepare()
        with step("PostgreSQL"):
            supervisor.start(postgres.service(log=logs / "postgres.log"), seconds=300)
        urls["DATABASE_URL"] = postgres.url
    if "REDIS_URL" not in urls:
        redis = Redis(place=place, secrets=secrets, port=ports.pick(), careless=careless)
        with step("Redis"):
            supervisor.start(redis.service(log=logs / "redis.log"))
        urls["REDIS_URL"] = redis.url
    return urls
