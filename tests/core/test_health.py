"""Health and metrics."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_a_living_process_says_so(client: Client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}


def test_ready_means_database_redis_and_migrations(client: Client, db: None) -> None:
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": True, "redis": True, "migrations": True}}


def test_a_missing_migration_is_not_ready(client: Client, db: None) -> None:
    newest = MigrationLoader(connection).graph.leaf_nodes("points")[0]
    MigrationRecorder(connection).record_unapplied(*newest)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": True, "redis": True, "migrations": False}


def test_without_redis_it_is_not_ready(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache._cache, "_servers", ["redis://127.0.0.1:1/0"])
    monkeypatch.setattr(cache._cache, "_pools", {})

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["redis"]) == (503, False)


def test_without_redis_the_api_still_answers(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache._cache, "_servers", ["redis://127.0.0.1:1/0"])
    monkeypatch.setattr(cache._cache, "_pools", {})

    assert client.post("/api/v1/auth/refresh", {"refresh": "x"}, content_type="application/json").status_code == 401


def test_metrics_count_requests(client: Client, db: None) -> None:
    client.get("/livez")

    assert b"django_http_requests_total_by_method_total" in client.get("/metrics").content
