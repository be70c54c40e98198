"""What is written is what is there: error codes, addresses, settings, commands, links, the signature to copy."""

import ast
import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from core.api import FRAMEWORK_CODES
from core.errors import DomainError, all_error_classes
from members import signatures

ROOT = Path(__file__).resolve().parents[2]
APPS = ["config", "insights", "mall", "growth", "points", "riskctl", "members", "wechat", "core"]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
READMES = ["README.md", "README.zh.md"]
# Codes that no DomainError has: made by core.api and core.middleware for what never was a use case's refusal.
OTHER_CODES = {
    **{code: status for status, code in FRAMEWORK_CODES.items()},
    "invalid": 400,
    "payload_too_large": 413,
    "internal_error": 500,
    "unavailable": 503,
}


def section(title: str) -> str:
    """Return the part of docs/api.md under a heading of the second level."""
    return API.split(f"\n## {title}\n")[1].split("\n## ")[0]


def product_sources() -> Iterator[Path]:
    for folder in [*APPS, "launcher"]:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


# --- error codes -------------------------------------------------------------------------------------------------


def declared_errors() -> set[type[DomainError]]:
    """Return every error class of the product, in whichever module it is."""
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not re.search(r"migrations|__main__|settings|standin\.", module.name):
                importlib.import_module(module.name)
    return {error for error in all_error_classes() if error.__module__.split(".")[0] in APPS}


def codes_in_the_tables() -> dict[str, int]:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", section("Error codes"), re.MULTILINE)
    codes = {code: int(status) for code, status in rows}
    assert len(codes) == len(rows), "a code stands in the tables twice"
    return codes


def test_the_tables_hold_every_error_code_with_its_status_and_no_other() -> None:
    declared = {error.code: error.status for error in declared_errors()}

    assert codes_in_the_tables() == declared | OTHER_CODES


def test_every_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for error in declared_errors():
        statuses.setdefault(error.code, set()).add(error.status)

    assert {code for code, known in statuses.items() if len(known) > 1} == set()


def test_codes_made_without_an_error_class_are_known_here() -> None:
    made = set()
    for path in product_sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "envelope":
                words = {word.arg: word.value for word in node.keywords}
                if isinstance(words["code"], ast.Constant):
                    made.add(words["code"].value)

    assert made | set(FRAMEWORK_CODES.values()) == set(OTHER_CODES)


# --- addresses ---------------------------------------------------------------------------------------------------


def without_names(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def test_every_call_is_described_and_every_described_call_exists() -> None:
    document: Any = SchemaGenerator(patterns=None).get_schema(request=None, public=True)
    exist = {
        (method.upper(), without_names(path.removeprefix("/api/v1/")))
        for path, methods in document["paths"].items()
        for method in methods
    }
    calls = "\n".join(section(title) for title in ("Calls of members", "Calls of partners"))
    headings = "\n".join(line for line in calls.splitlines() if line.startswith("#### "))
    described = {(method, without_names(path)) for method, path in re.findall(r"`([A-Z]+) ([^/`][^`]*)`", headings)}
    mentioned = {(method, without_names(path)) for method, path in re.findall(r"`([A-Z]+) ([a-z][^` ?]*)`", API)}

    assert described == exist
    assert mentioned == exist


# --- the signature -----------------------------------------------------------------------------------------------


def test_the_worked_example_is_signed_right() -> None:
    partners = section("Who is calling")
    (body,) = re.findall(r"```json\n(.*)\n```", partners)
    (signed_text,) = re.findall(r"```text\n(.*?)\n```", partners, re.DOTALL)
    (secret,) = re.findall(r"the secret `([^`]+)`", partners)
    headers = dict(re.findall(r"^(X-Mall-\w+): (\S+)$", partners, re.MULTILINE))
    timestamp, method, path, _body_hash = signed_text.split("\n")

    assert json.loads(body)["behaviour"] == "order_paid"
    assert headers["X-Mall-Timestamp"] == timestamp
    assert headers["X-Mall-Signature"] == signatures.signature(
        secret=secret, timestamp=timestamp, method=method, path=path, body=body.encode()
    )
    assert signed_text.endswith(hashlib.sha256(body.encode()).hexdigest())


def test_the_tolerance_is_the_one_that_is_told() -> None:
    assert f"at most {signatures.TOLERANCE_SECONDS} off" in API


# --- settings ----------------------------------------------------------------------------------------------------


def example_settings() -> set[str]:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))


def settings_read() -> set[str]:
    source = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r"\benv\.\w+\(\s*\"([A-Z0-9_]+)\"", source))


def compose_variables() -> set[str]:
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", compose))


def names_in_the_code() -> set[str]:
    """Return every text in the product's code that could be the name of a variable."""
    texts = set()
    for path in product_sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
    return texts


def test_every_setting_stands_in_the_example() -> None:
    assert (settings_read() | compose_variables()) - example_settings() == set()


def test_every_line_of_the_example_is_read_by_somebody() -> None:
    assert example_settings() - settings_read() - compose_variables() - names_in_the_code() == set()


def test_no_secret_has_a_value_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    secrets = re.findall(r"^(?:# )?(\w*(?:SECRET|SECRET_KEY|PASSWORD))=(.*)$", example, re.MULTILINE)

    assert len(secrets) > 3
    assert [name for name, value in secrets if value] == []


# --- README, decisions, links ------------------------------------------------------------------------------------


def code_in(document: str) -> str:
    """Return the code blocks and code spans of a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join(blocks + re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("document", [*READMES, "docs/api.md"])
def test_every_make_target_and_command_that_is_named_exists(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    commands = {path.stem for app in APPS for path in (ROOT / app / "management" / "commands").glob("[a-z]*.py")}
    code = code_in(document)
    named = set(re.findall(r"\bmake ([a-z-]+)", code))

    assert named - targets == set()
    assert set(re.findall(r"manage\.py (\w+)", code)) - commands - {"migrate", "check", "createsuperuser"} == set()
    assert set(re.findall(r"make manage ARGS=\"(\w+)", code)) - commands == set()
    if document in READMES:
        assert {"up", "test"} <= named


@pytest.mark.parametrize("document", [*READMES, "docs/api.md"])
def test_every_file_and_heading_that_is_linked_or_named_exists(document: str) -> None:
    path = ROOT / document
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    files = [path.parent / link.split("#")[0] for link in links if not link.startswith("#")]
    files += [path.parent / picture for picture in re.findall(r"<img src=\"([^\"]+)\"", text)]
    files += [ROOT / name for name in re.findall(r"`([\w-]+/[\w./-]*\.(?:py|md|json|txt))`", text)]
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }

    assert [str(file) for file in files if not file.exists()] == []
    assert {link[1:] for link in links if link.startswith("#")} - headings == set()


def test_both_readmes_show_the_same_commands_files_and_pictures() -> None:
    def facts(document: str) -> tuple[list[str], list[str], list[Any]]:
        text = (ROOT / document).read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        commands = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
        links = [link for link in re.findall(r"\]\(([^)\s#]+)\)", text) if not link.startswith("README")]
        return commands, links, re.findall(r"<img src=\"([^\"]+)|`(tests/[\w./-]+)`", text)

    english, chinese = (facts(document) for document in READMES)

    assert english == chinese


@pytest.mark.parametrize("document", READMES)
def test_a_readme_is_short(document: str) -> None:
    assert len((ROOT / document).read_text(encoding="utf-8").splitlines()) <= 220


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda path: path.stem)
def test_a_decision_is_short_numbered_and_says_what_it_costs(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")

    assert 100 <= len(text.split()) <= 300
    assert text.startswith(f"# {int(decision.stem[:4])}. ")
    assert "**Decision.**" in text
    assert "**Cost.**" in text


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.stem[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))
