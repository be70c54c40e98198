"""The Chinese catalogue: collect what needs translating, compile it, and check that nothing is missing.

    python tools/catalogue.py collect    bring locale/zh_Hans/LC_MESSAGES/*.po up to date with the code
    python tools/catalogue.py compile    write the .mo files from them
    python tools/catalogue.py check      one line per fault: file, text, what is wrong; exit status 1 if there is any

GNU gettext is not on a bare machine, so all of it is Python: its own parser reads Python, Babel reads JavaScript and
what Django makes of templates, polib the catalogue.

The catalogue has two files, as Django wants it: django.po for Python and templates, djangojs.po for JavaScript. They
hold all texts of our own apps, and those texts of the installed libraries (the admin theme has no catalogue at all)
that Django would otherwise show in English. Source lines are left out: they would change with every edit of the code.
"""

import argparse
import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import polib
from babel.messages.extract import extract

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
LANGUAGE = "zh-hans"
OUR_APPS = ("core", "wechat", "members", "riskctl", "points", "growth", "mall", "insights", "config")
# Parts of Django that are no installed apps and speak to staff all the same.
DJANGO_PARTS = ("core", "db", "forms", "http", "utils", "views")
NOT_SHOWN = frozenset({"migrations", "management", "tests", "locale", "contrib", "vendor", "__pycache__"})
# Django keeps the texts of JavaScript in a catalogue of their own.
DOMAINS = {"django": ("**/*.py", "**/*.html", "**/*.txt"), "djangojs": ("**/static/**/*.js",)}

# Installed, but for programs and their authors: nothing of it is on a page of staff or in an answer to a member.
NOT_FOR_STAFF = frozenset({"drf_spectacular", "drf_spectacular_sidecar"})

# What the first arguments of each function are.
KEYWORDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), ("singular",)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), ("singular", "plural")),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ("context", "singular")),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ("context", "singular", "plural")),
}
BABEL_KEYWORDS = {
    name: tuple((place, "c") if role == "context" else place for place, role in enumerate(roles, start=1))
    for name, roles in KEYWORDS.items()
}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-#0+]*\d*(?:\.\d+)?[sdifrx%]|\{\w*\}")
# A word, not a part of a path.
ENGLISH = re.compile(r"(?<![/\w])[A-Za-z]{2,}")
# Names that Chinese staff write in Latin letters themselves.
NAMES = frozenset({"ID", "id", "openid", "unionid", "API", "CSV", "XLSX", "JSON", "HMAC", "SKU", "URL", "IP"})

Key = tuple[str | None, str]


@dataclass
class Text:
    """A text that is shown: where it is written and how."""

    singular: str
    plural: str | None = None
    context: str | None = None
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """What gettext finds it by."""
        return self.context, self.singular

    @property
    def source(self) -> str:
        """The file to name it by."""
        return min(self.files)


# --- reading the sources ------------------------------------------------------------------------------------------


def sources(folder: Path, domain: str, *, leave_out: frozenset[str] = NOT_SHOWN) -> Iterator[Path]:
    """Give the files below a folder whose texts belong to the domain, in order."""
    for path in sorted(path for pattern in DOMAINS[domain] for path in folder.glob(pattern)):
        if not leave_out.intersection(path.relative_to(folder).parts):
            yield path


def texts_of(path: Path, *, shown_as: str) -> Iterator[Text]:
    """Give the texts one file marks for translation."""
    content = path.read_text(encoding="utf-8")
    if not re.search(r"gettext|\btrans|_\(", content):
        return
    find = {".py": _texts_of_python, ".js": _texts_of_javascript}.get(path.suffix, _texts_of_template)
    yield from find(content, shown_as)


def _texts_of_python(content: str, name: str) -> Iterator[Text]:
    """Give the calls with texts written out; Babel would take `_(texts["added"])` for one of them."""
    for call in _calls(content):
        roles = KEYWORDS[_name_of(call)]
        words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if len(words) >= len(roles) and words[0]:
            yield Text(**dict(zip(roles, words, strict=False)), files={name})


def _calls(content: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Call) and _name_of(node) in KEYWORDS:
            yield node


def _name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _texts_of_template(content: str, name: str) -> Iterator[Text]:
    return _read_by_babel("python", _template_as_python(content, name), name)


def _texts_of_javascript(content: str, name: str) -> Iterator[Text]:
    return _read_by_babel("javascript", content, name)


def _read_by_babel(language: str, content: str, name: str) -> Iterator[Text]:
    for _line, message, _comments, context in extract(language, BytesIO(content.encode()), BABEL_KEYWORDS):
        singular, plural = message if isinstance(message, tuple) else (message, None)
        if singular:
            yield Text(singular=singular, plural=plural, context=context, files={name})


def _template_as_python(content: str, name: str) -> str:
    """Turn a template into calls of gettext as Django's own makemessages does."""
    from django.utils.translation.template import templatize  # noqa: PLC0415 -- needs settings

    # What stands between the calls is blanked out but keeps its indent, which is none of Python's.
    return "\n".join(line.lstrip() for line in templatize(content, origin=name).splitlines())


def merged(texts: Iterable[Text]) -> dict[Key, Text]:
    """Return each text once. One that has a plural anywhere has it everywhere, as in gettext."""
    found: dict[Key, Text] = {}
    for text in texts:
        first = found.setdefault(text.key, text)
        first.files |= text.files
        first.plural = first.plural or text.plural
    return found


def our_texts(domain: str) -> dict[Key, Text]:
    """Return all texts of our apps."""
    return merged(
        text for path in _our_sources(domain) for text in texts_of(path, shown_as=str(path.relative_to(ROOT)))
    )


def _our_sources(domain: str) -> Iterator[Path]:
    # What our commands print is read by whoever runs the system, here as in the admin.
    for app in OUR_APPS:
        yield from sources(ROOT / app, domain, leave_out=NOT_SHOWN - {"management"})


def library_texts(domain: str) -> dict[Key, Text]:
    """Return the texts of Django and the installed libraries that these show in English."""
    translated = _translated_by_libraries(domain)
    texts = merged(
        text
        for folder in _library_folders()
        for path in sources(folder, domain)
        for text in texts_of(path, shown_as=_name_in_library(path))
    )
    return {key: text for key, text in texts.items() if (*key, text.plural is not None) not in translated}


def _library_folders() -> list[Path]:
    import django  # noqa: PLC0415 -- needs settings
    from django.apps import apps  # noqa: PLC0415

    left_out = NOT_FOR_STAFF.union(OUR_APPS)
    installed = [Path(app.path) for app in apps.get_app_configs() if app.name.split(".")[0] not in left_out]
    return [*(Path(django.__path__[0]) / part for part in DJANGO_PARTS), *installed]


def _name_in_library(path: Path) -> str:
    parts = path.parts
    return str(Path(*parts[len(parts) - parts[::-1].index("site-packages") :]))


def _translated_by_libraries(domain: str) -> set[tuple[str | None, str, bool]]:
    """Return context, text and whether it is for a count, of all that is Chinese without our catalogue."""
    import django  # noqa: PLC0415 -- needs settings

    catalogues = [Path(django.__path__[0]) / "conf" / "locale", *(path / "locale" for path in _library_folders())]
    known: set[tuple[str | None, str, bool]] = set()
    for folder in catalogues:
        path = folder / "zh_Hans" / "LC_MESSAGES" / f"{domain}.mo"
        for entry in polib.mofile(str(path)) if path.exists() else ():
            # gettext() finds a text with a plural, ngettext() does not find one without.
            known |= {(entry.msgctxt, entry.msgid, count) for count in {False, bool(entry.msgid_plural)}}
    return known


def all_texts(domain: str) -> dict[Key, Text]:
    """Return everything that belongs into our catalogue."""
    return merged([*our_texts(domain).values(), *library_texts(domain).values()])


# --- the catalogue ------------------------------------------------------------------------------------------------


def empty_catalogue() -> polib.POFile:
    """Return a catalogue with nothing but its header, which has no dates: they would differ at every run."""
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Project-Id-Version": "points-mall",
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    return catalogue


def collected(texts: dict[Key, Text], before: polib.POFile) -> polib.POFile:
    """Return the catalogue of these texts, with the translations there were. What is no longer shown is gone."""
    old = {(entry.msgctxt, entry.msgid): entry for entry in before if not entry.obsolete}
    catalogue = empty_catalogue()
    ours_first = sorted(texts.values(), key=lambda text: (text.source.split("/")[0] not in OUR_APPS, text.source))
    for text in ours_first:
        entry = polib.POEntry(msgctxt=text.context, msgid=text.singular)
        entry.occurrences = [(name, "") for name in sorted(text.files)]
        known = old.get(text.key)
        if text.plural:
            entry.msgid_plural = text.plural
            entry.msgstr_plural = {0: _translation(known) if known else ""}
        else:
            entry.msgstr = _translation(known) if known else ""
        entry.flags = ["python-format"] if any(mark[0] == "%" for mark in placeholders(text.singular)) else []
        if known and known.fuzzy:
            entry.flags.append("fuzzy")
        entry.tcomment = known.tcomment if known else ""
        catalogue.append(entry)
    return catalogue


def _translation(entry: polib.POEntry) -> str:
    """Return the Chinese text; there is one form for all counts."""
    return str(entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr)


def placeholders(text: str) -> list[str]:
    """Return what is filled in when the text is shown, in order of name."""
    return sorted(PLACEHOLDER.findall(text))


# --- faults -------------------------------------------------------------------------------------------------------


def faults_of_catalogue(catalogue: polib.POFile, texts: dict[Key, Text]) -> Iterator[str]:
    """Give what is wrong with the catalogue, one line each."""
    entries = {(entry.msgctxt, entry.msgid): entry for entry in catalogue if not entry.obsolete}
    for key, text in texts.items():
        for fault in _faults_of_entry(entries.get(key), text):
            yield f"{text.source}: {text.singular!r}: {fault}"
    for entry in catalogue:
        if entry.obsolete or (entry.msgctxt, entry.msgid) not in texts:
            yield f"locale: {entry.msgid!r}: nobody shows this any more"


def _faults_of_entry(entry: polib.POEntry | None, text: Text) -> Iterator[str]:
    if entry is None or not _translation(entry).strip():
        yield "no Chinese text"
        return
    if entry.fuzzy:
        yield "marked fuzzy"
    if (plural := entry.msgid_plural or None) != text.plural:
        yield f"plural in the code is {text.plural!r}, in the catalogue {plural!r}"
    wanted, got = placeholders(text.plural or text.singular), placeholders(_translation(entry))
    if wanted != got:
        yield f"placeholders {wanted} became {got}"


def faults_of_sources() -> Iterator[str]:
    """Give the calls in our Python whose text is put together when they run: no catalogue can hold it."""
    for path in _our_sources("django"):
        content = path.read_text(encoding="utf-8") if path.suffix == ".py" else ""
        for call in _calls(content):
            words = call.args[: len(KEYWORDS[_name_of(call)])]
            if not all(isinstance(word, ast.Constant) for word in words):
                yield f"{path.relative_to(ROOT)}: {ast.unparse(call)}: the text is not written out"


def faults_of_binary(catalogue: polib.POFile, binary: Path) -> Iterator[str]:
    """Give a line if the compiled catalogue is not this one."""
    if not binary.exists() or binary.read_bytes() != catalogue.to_binary():
        yield f"{binary.name}: not compiled from its .po as it is: run tools/catalogue.py compile"


def faults_of_models() -> Iterator[str]:
    """Give every name, hint and choice of our models that staff would read in English: nobody marked or named it."""
    from django.apps import apps  # noqa: PLC0415 -- needs settings
    from django.utils import translation  # noqa: PLC0415

    with translation.override(LANGUAGE):
        for model in apps.get_models():
            # Nobody sees the names of simple_history's own tables.
            if model._meta.app_label not in OUR_APPS or hasattr(model, "instance_type"):
                continue
            source = model.__module__.replace(".", "/") + ".py"
            for what, text in _shown_by_model(model):
                if words := [word for word in ENGLISH.findall(str(text)) if word not in NAMES]:
                    yield f"{source}: {model.__name__}{what} {str(text)!r}: English ({', '.join(words)})"


def _shown_by_model(model: type) -> Iterator[tuple[str, object]]:
    meta = model._meta  # type: ignore[attr-defined]
    yield " (name)", meta.verbose_name
    yield " (plural name)", meta.verbose_name_plural
    for shown in (shown for shown in meta.get_fields() if shown.concrete):
        yield f".{shown.name} (name)", shown.verbose_name
        yield f".{shown.name} (hint)", shown.help_text
        for _value, label in shown.flatchoices:
            yield f".{shown.name} (choice)", label


# --- commands -----------------------------------------------------------------------------------------------------


def po_file(domain: str) -> Path:
    """Return where the domain's texts are written down."""
    return FOLDER / f"{domain}.po"


def collect() -> int:
    """Bring the .po files up to date and say how many texts wait for a translation."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for domain in DOMAINS:
        path = po_file(domain)
        before = polib.pofile(str(path)) if path.exists() else empty_catalogue()
        catalogue = collected(all_texts(domain), before)
        catalogue.save(str(path))
        waiting = sum(not _translation(entry) for entry in catalogue)
        print(f"{path.name}: {len(catalogue)} texts, {waiting} without a translation")
    return 0


def compile_() -> int:
    """Write the .mo files."""
    for domain in DOMAINS:
        path = po_file(domain)
        path.with_suffix(".mo").write_bytes(polib.pofile(str(path)).to_binary())
    return 0


def check() -> int:
    """Print every fault; return 1 if there is one."""
    faults = [*faults_of_sources(), *faults_of_models()]
    for domain in DOMAINS:
        path = po_file(domain)
        catalogue = polib.pofile(str(path))
        faults += faults_of_catalogue(catalogue, all_texts(domain))
        faults += faults_of_binary(catalogue, path.with_suffix(".mo"))
    print("\n".join(faults) if faults else "every text is Chinese")
    return 1 if faults else 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Keep the Chinese catalogue")
    commands = {"collect": collect, "compile": compile_, "check": check}
    parser.add_argument("command", choices=commands)
    chosen = parser.parse_args().command
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    import django  # noqa: PLC0415 -- reads the settings named above

    django.setup()
    return commands[chosen]()


if __name__ == "__main__":
    sys.exit(main())
