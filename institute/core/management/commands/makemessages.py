"""Message extraction with Babel in place of GNU gettext, which no step of ours may require."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation.template import templatize

HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: Headwaters\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""
ROOMS = ("institute", "grants", "compute")
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    **dict.fromkeys(("gettext_lazy", "gettext_noop", "_"), None),
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def sources() -> Iterator[tuple[str, bytes]]:
    """(place, Python source) of every module and, turned into calls of gettext, of every template."""
    base = Path(settings.BASE_DIR)
    for room in ROOMS:
        for path in sorted((base / room).rglob("*")):
            place = path.relative_to(base).as_posix()
            if path.suffix == ".py" and "migrations" not in path.parts:
                yield place, path.read_bytes()
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                calls = templatize(path.read_text(), origin=place)
                # A template's indentation is no Python's, and Babel reads tokens of Python.
                yield place, "\n".join(line.strip() for line in calls.splitlines()).encode()


def extracted() -> Catalog:
    """Every message of the source, with the files that hold it (no line numbers: they only make noise)."""
    catalog = Catalog(project="Headwaters", charset="utf-8")
    for place, source in sources():
        options = {"encoding": "utf-8"}
        for _line, message, comments, context in extract(
            "python", io.BytesIO(source), keywords=KEYWORDS, comment_tags=("Translators:",), options=options
        ):
            catalog.add(message, None, [(place, 0)], auto_comments=comments, context=context)
    for entry in catalog:
        _flag(entry)
    return catalog


def _flag(entry: Message) -> None:
    """Only named placeholders make a format: Babel alone also takes "100 % of" for one."""
    entry.flags.discard("python-format")
    if "%(" in str(entry.id):
        entry.flags.add("python-format")


def brought_up_to_date(path: Path, language: str, template: Catalog) -> Catalog:
    """The catalogue at `path` with exactly the messages of `template`; the translations of those it had are kept."""
    catalog = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    for entry in catalog:
        _flag(entry)
    return catalog


def untranslated(catalog: Catalog) -> list[Message]:
    """The messages that lack a translation, or one of its plural forms."""
    return [each for each in catalog if each.id and not all(_forms(each.string))]


def _forms(text: str | Sequence[str] | None) -> Sequence[str]:
    return [text] if isinstance(text, str) else text or [""]


def written(catalog: Catalog) -> bytes:
    """The catalogue as the .po file holds it: one order, no line numbers, no dates."""
    file = io.BytesIO(HEADER.format(language=catalog.locale, plural_forms=catalog.plural_forms).encode())
    file.seek(0, io.SEEK_END)
    write_po(file, catalog, width=120, sort_output=True, omit_header=True, include_lineno=False)
    return file.getvalue()


class Command(BaseCommand):
    """Brings institute/locale/<language>/LC_MESSAGES/django.po up to date; translations are kept."""

    help = "Extract messages from modules and templates into the .po files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-l", "--locale", action="append", default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        template = extracted()
        for language in options["locale"] or [code for code, _ in settings.LANGUAGES if code != "en"]:
            path = Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"
            path.parent.mkdir(parents=True, exist_ok=True)
            catalog = brought_up_to_date(path, language, template)
            path.write_bytes(written(catalog))
            missing = len(untranslated(catalog))
            self.stdout.write(f"{language}: {len(catalog)} messages, {missing} not translated")
