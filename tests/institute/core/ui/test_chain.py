import pytest
from django.template import Context, Template

from institute.core import ports
from institute.core.ui.chain import STAGES, ChainLink, complete

LINKS = [
    ChainLink("pledge", "v4 chips", "/pledges/1", "240,000 chip-h"),
    ChainLink("donor", "Open <TPU> Programme", "", "program"),
    ChainLink("job", "pretrain", "/jobs/1", state="current"),
]


def draw(obj: object) -> str:
    return Template("{% load ui %}{% chain obj %}").render(Context({"obj": obj}))


def test_the_ribbon_is_in_the_order_of_the_chain_with_what_is_still_to_come() -> None:
    links = complete(LINKS)
    assert [link.stage for link in links] == list(STAGES)
    assert [link.state for link in links] == ["done", "done", "future", "current", "future", "future", "future"]


def test_the_current_stage_is_marked_for_eyes_and_ears() -> None:
    assert draw(LINKS).count('<li class="current" aria-current="step">') == 1


def test_a_stage_the_reader_may_not_open_is_no_link() -> None:
    html = draw(LINKS)
    assert "<b>Open &lt;TPU&gt; Programme</b>" in html
    assert '<a href="/pledges/1">v4 chips</a>' in html
    assert html.count("not yet") == 4


def test_an_object_brings_its_links_through_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def fill(name: str) -> object:
        def links(obj: object, *, request: object) -> list[ChainLink]:
            asked.append((name, obj, request))
            return LINKS

        return links

    monkeypatch.setattr(ports, "filler", fill)
    assert "pretrain" in draw("a job")
    assert asked == [("core.chain", "a job", None)]
