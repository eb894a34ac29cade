"""Message extraction with Babel in place of GNU gettext, which no step of ours may require."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation.template import templatize

ROOMS = ("institute", "grants", "compute")
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    **dict.fromkeys(("gettext_lazy", "gettext_noop", "_"), None),
    **dict.fromkeys(("ngettext_lazy",), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
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
                yield place, templatize(path.read_text(), origin=place).encode()


def extracted() -> Catalog:
    """Every message of the source, with the files that hold it (no line numbers: they only make noise)."""
    catalog = Catalog(project="Headwaters", charset="utf-8")
    for place, source in sources():
        options = {"encoding": "utf-8"}
        for _line, message, comments, context in extract(
            "python", io.BytesIO(source), keywords=KEYWORDS, comment_tags=("Translators:",), options=options
        ):
            flags = ["python-format"] if "%(" in str(message) else []
            catalog.add(message, None, [(place, None)], flags=flags, auto_comments=comments, context=context)
    return catalog


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
            catalog = Catalog(locale=language)
            if path.exists():
                with path.open("rb") as file:
                    catalog = read_po(file, locale=language)
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            catalog.fuzzy, catalog.project, catalog.header_comment = False, "Headwaters", f"# Headwaters: {language}"
            catalog.revision_date = catalog.creation_date = datetime(2026, 1, 1, tzinfo=UTC)
            with path.open("wb") as file:
                write_po(file, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
            missing = sum(1 for message in catalog if message.id and not message.string)
            self.stdout.write(f"{language}: {len(catalog)} messages, {missing} not translated")
