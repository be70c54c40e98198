"""The build refuses what the architecture forbids: each rule is broken once, in a copy of the tree."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ["config", "insights", "mall", "growth", "points", "riskctl", "members", "wechat", "core"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for app in APPS:
        shutil.copytree(ROOT / app, folder / app, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run([*command, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)


def test_the_tree_as_it_is_keeps_every_contract(copy: Path) -> None:
    result = lint(copy)

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("points/rules.py", "from growth import selectors", "Apps: each may use only those below it BROKEN"),
        ("core/errors.py", "import members.models", "Apps: each may use only those below it BROKEN"),
        ("members/models/people.py", "from members import services", "the same names, each with one job BROKEN"),
        ("mall/utils.py", "", "the same names, each with one job"),
        ("core/helpers.py", "", "Inside core"),
        ("mall/services/stock.py", "from points.models import Account", "Doors of points"),
        ("points/ledger/movements.py", "import rest_framework", "Use cases know no HTTP and no Celery BROKEN"),
        ("points/services/release.py", "import celery", "Use cases know no HTTP and no Celery BROKEN"),
    ],
)
def test_a_breach_fails_the_build(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / module
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        result = lint(copy)
    finally:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")

    assert result.returncode != 0
    assert contract in result.stdout
