"""Markdown written by people, made into HTML that cannot harm the page it stands on."""

import re
from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

FRONT_MATTER = re.compile(r"\A---\r?\n.*?\r?\n---[ \t]*(\r?\n|\Z)", re.DOTALL)
TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h2", "h3"),
    *("h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "s", "strong", "sub", "summary", "sup"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "td": {"class"},
    "th": {"class"},
    "div": {"class", "tabindex", "role"},
    "pre": {"tabindex"},
    "code": {"class"},
    "ol": {"start"},
}
CLASSES = re.compile(r"num|scroll|language-[\w+-]+")


class _Renderer(RendererHTML):
    """CommonMark's renderer with what a strict Content-Security-Policy and a narrow screen ask for."""

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="scroll" tabindex="0" role="group"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    def _cell(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        if "right" in str(token.attrs.pop("style", "")):
            token.attrSet("class", "num")
        return self.renderToken(tokens, idx, options, env)

    th_open = td_open = _cell

    def fence(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Code that is wider than the page scrolls, so the keyboard must reach it."""
        return super().fence(tokens, idx, options, env).replace("<pre>", '<pre tabindex="0">', 1)

    def code_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return super().code_block(tokens, idx, options, env).replace("<pre>", '<pre tabindex="0">', 1)

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Pictures of other hosts are not loaded (they would tell on the reader): a link stands in their place."""
        token = tokens[idx]
        source = str(token.attrs["src"])
        alt = self.renderInlineAsText(token.children, options, env)
        if source.startswith("/") and not source.startswith("//"):
            return f'<img src="{_escape(source)}" alt="{_escape(alt)}">'
        return f'<a href="{_escape(source)}">{_escape(alt or source)}</a>'


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


_parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(["table", "strikethrough"])


def _shift_headings(tokens: Sequence[Token], below: int) -> None:
    """Make the text's highest heading the one right below `below`, keeping the steps between them."""
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    if not levels:
        return
    shift = below + 1 - min(levels)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        kept = [word for word in value.split() if CLASSES.fullmatch(word)]
        return " ".join(kept) or None
    return value


def markdown(text: str, below: int = 2) -> SafeString:
    """Safe HTML of `text`; its headings start one level below `below`. Front matter is left out."""
    tokens = _parser.parse(FRONT_MATTER.sub("", text.replace("\0", ""), count=1))
    _shift_headings(tokens, below)
    html = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener ugc",
    )
    return mark_safe(clean)  # noqa: S308  (nh3 has cleaned it)
