"""French is complete: every message, the templates' visible words, and the public pages as a reader meets them."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import translation

from institute.core.management.commands.makemessages import KEYWORDS, ROOMS, extracted, untranslated
from tests.factories.catalog import published, published_paper
from tests.factories.people import PASSWORD, UserFactory

BASE = Path(__file__).resolve().parent.parent
PO = BASE / "institute" / "locale" / "fr" / "LC_MESSAGES" / "django.po"
FRESHEN = "Run `manage.py makemessages`, translate what is new in institute/locale/fr, then `make messages`."
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
NAMED = re.compile(r"%\((\w+)\)[sd]")
# Proper names and formats, the same in every language.
NAMES = {"API", "BibTeX", "CSV", "DOI", "JSON", "ORCID", "SHA-256", "arXiv"}
READ_ATTRIBUTES = {"alt", "aria-label", "content", "label", "placeholder", "summary", "title"}
SILENT_TAGS = {"code", "kbd", "pre", "script", "style"}


@pytest.fixture(scope="module")
def source() -> Catalog:
    """The messages as they stand in modules and templates now."""
    return extracted()


@pytest.fixture(scope="module")
def french() -> Catalog:
    """The committed catalogue."""
    with PO.open("rb") as file:
        return read_po(file, locale="fr")


def pairs(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Each English form with its French one."""
    for message in entries(catalog):
        if isinstance(message.id, str):
            yield message.id, str(message.string)
        else:
            yield from zip(message.id, message.string, strict=True)


def entries(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def keys(catalog: Catalog) -> set[tuple[object, str | None]]:
    return {
        (message.id if isinstance(message.id, str) else tuple(message.id), message.context)
        for message in entries(catalog)
    }


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_the_catalogue_holds_the_messages_of_the_source_and_no_others(source: Catalog, french: Catalog) -> None:
    assert keys(source) - keys(french) == set(), FRESHEN
    assert keys(french) - keys(source) == set(), FRESHEN


def test_every_message_is_translated(french: Catalog) -> None:
    assert [message.id for message in untranslated(french)] == []
    assert [message.id for message in entries(french) if message.fuzzy] == []


def test_placeholders_are_the_same_in_both_languages(french: Catalog) -> None:
    assert [text for english, text in pairs(french) if placeholders(english) != placeholders(text)] == []


def test_formats_are_valid(french: Catalog) -> None:
    """A stray per cent sign would break the page that fills the text in."""
    for message in entries(french):
        is_format = "python-format" in message.flags
        assert is_format == ("%(" in str(message.id)), message.id
        for text in [message.string] if isinstance(message.string, str) else message.string:
            if is_format:
                assert text % dict.fromkeys(NAMED.findall(text), 1)


def test_space_around_a_message_is_kept(french: Catalog) -> None:
    around = re.compile(r"^[ \n]*|[ \n]*$")
    assert [text for english, text in pairs(french) if around.findall(english) != around.findall(text)] == []


def test_french_is_set_as_french_is(french: Catalog) -> None:
    """A non-breaking space before : ; ? ! and inside guillemets, curved apostrophes, no English quotation marks."""
    wrong = re.compile(r"""[^\s(][;?!](?=\s|$)|\w:(?=\s|$)|[ ][:;?!»](?=\s|$)|«(?!\xa0)|(?<!\xa0)»|\w'\w|[“"]""")
    assert [text for _english, text in pairs(french) if wrong.search(text)] == []


def test_texts_are_marked_under_names_that_the_extraction_knows() -> None:
    """`from … import gettext as something_else` would leave its texts out of the catalogue."""
    unknown = [
        f"{path.relative_to(BASE)}: {name.asname or name.name}"
        for room in ROOMS
        for path in sorted((BASE / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.utils.translation")
        for name in node.names
        if name.name.removesuffix("_lazy").endswith("gettext") and (name.asname or name.name) not in KEYWORDS
    ]
    assert unknown == []


class Visible(HTMLParser):
    """The words of a page or template that a person sees or hears."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT_TAGS
        given = dict(attrs)
        is_data = tag == "meta" and given.get("name") != "description"
        self._take(*(given[name] for name in READ_ATTRIBUTES & given.keys() if not is_data))

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT_TAGS

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._take(data)

    def _take(self, *texts: str | None) -> None:
        self.texts += [re.sub("[ \\n]+", " ", text).strip(" ") for text in texts if text and text.strip()]


def templates() -> list[Path]:
    """Every template of ours but the style page, whose content is invented."""
    found = (path for room in ROOMS for path in sorted((BASE / room).rglob("templates/**/*.html")))
    return [path for path in found if path.name != "style.html"]


@pytest.mark.parametrize("template", templates(), ids=lambda path: path.relative_to(BASE).as_posix())
def test_no_visible_word_of_a_template_is_left_unmarked(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text())
    for block in ("comment", "blocktranslate", "verbatim"):
        text = re.sub(rf"{{% {block}\b.*?{{% end{block} %}}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    words = {word for found in Visible(text).texts for word in re.findall(r"[A-Za-z][\w-]+", found)}
    assert words - NAMES == set(), "Put them into {% translate %}, or among NAMES if every language writes them so."


@pytest.fixture
def addresses(db: None) -> list[str]:
    """The public pages, with a model and a paper to look at."""
    model = published()
    paper = published_paper(model)
    with translation.override("fr"):
        return [
            *(f"/fr/{page}" for page in ("", "models", "datasets", "code", "papers", "donors", "search?q=swahili")),
            "/fr/accounts/login/",
            "/fr/accounts/password/reset/",
            model.artifact.get_absolute_url(),
            paper.get_absolute_url(),
        ]


@pytest.fixture(scope="module")
def english_frame(french: Catalog) -> set[str]:
    """What the frame around every page says in English and otherwise in French."""
    framed = Catalog(locale="fr")
    for message in entries(french):
        if any(place.startswith("institute/core/templates/core/") for place, _line in message.locations):
            framed.add(message.id, message.string)
    return {english for english, text in pairs(framed) if english != text}


def test_public_pages_are_french_under_fr(addresses: list[str], english_frame: set[str]) -> None:
    for address in addresses:
        response = Client().get(address)
        html = response.content.decode()
        assert (response.status_code, address) == (200, address)
        assert '<html lang="fr">' in html, address
        assert english_frame & set(Visible(html).texts) == set(), address


def test_signing_in_is_french_under_fr(db: None) -> None:
    texts = Visible(Client().get("/fr/accounts/login/").content.decode()).texts
    assert {"Se connecter", "Mot de passe", "Mot de passe oublié\xa0?"} <= set(texts)


def test_a_refused_sign_in_is_told_in_french(db: None) -> None:
    answer = Client().post("/fr/accounts/login/", {"login": "nobody@example.org", "password": "wrong"})
    assert "L’adresse e-mail ou le mot de passe" in answer.content.decode().replace("&#x27;", "’")


def test_signing_in_and_out_stays_in_the_language(db: None) -> None:
    user, client = UserFactory.create(password=PASSWORD), Client()
    asked = client.get("/fr/projects")
    assert asked.headers["Location"] == "/fr/accounts/login/?next=/fr/projects"
    answer = client.post("/fr/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/fr/projects"
    assert client.post("/fr/accounts/logout/").headers["Location"] == "/fr/"
