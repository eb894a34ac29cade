import re

import pytest

from institute.core.ui.prose import markdown


def test_headings_start_below_the_page_s_own_and_keep_their_steps() -> None:
    assert markdown("# A\n## B\n# C") == "<h3>A</h3>\n<h4>B</h4>\n<h3>C</h3>\n"
    assert markdown("### A", 1) == "<h2>A</h2>\n"
    assert markdown("# A\n###### B", 4) == "<h5>A</h5>\n<h6>B</h6>\n"


def test_front_matter_is_left_out() -> None:
    assert markdown("---\nlicense: apache-2.0\n---\nText") == "<p>Text</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](javascript:alert(1))",
        '<a onclick="x">a</a>',
        '<p style="color:red">',
        "[x](data:text/html;base64,AAAA)",
        '![x](/a.png" onerror="alert(1))',
        '```" onmouseover="alert(1)\ncode\n```',
    ],
)
def test_nothing_in_it_runs_or_restyles_the_page(text: str) -> None:
    html = markdown(text)
    assert not re.search(r"<script|<[^>]*\s(on\w+|style)=|(href|src)=.?(javascript|data):", html)


def test_pictures_of_other_hosts_become_links() -> None:
    assert markdown("![a cat](https://cats.example/1.png)") == (
        '<p><a href="https://cats.example/1.png" rel="nofollow noopener ugc">a cat</a></p>\n'
    )
    assert "<img" not in markdown("![a cat](//cats.example/1.png)")
    assert '<img src="/blobs/1.png" alt="a cat">' in markdown("![a cat](/blobs/1.png)")


def test_tables_scroll_in_their_own_box_and_align_by_class() -> None:
    html = markdown("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert html.startswith('<div class="scroll" tabindex="0" role="group"><table>')
    assert '<th class="num">b</th>' in html
    assert "style=" not in html


def test_code_that_scrolls_can_be_reached_by_keyboard() -> None:
    assert markdown("```python\nx = 1\n```") == '<pre tabindex="0"><code class="language-python">x = 1\n</code></pre>\n'
    assert markdown("    x = 1") == '<pre tabindex="0"><code>x = 1\n</code></pre>\n'
