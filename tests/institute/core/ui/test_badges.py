import pytest
from django.db import models
from django.template import Context, Template
from django.utils import translation

from grants.funding.enums import PledgeStatus
from grants.funding.models import Pledge
from institute.core.ui import badges
from institute.core.ui.badges import Tone
from institute.people.enums import Role
from institute.people.models import RoleGrant


class Colour(models.TextChoices):
    RED = "red", "a red one"
    BLUE = "blue", "a <blue> one"


@pytest.fixture(autouse=True)
def own_tones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(badges, "_tones", {})


def test_every_member_needs_a_tone() -> None:
    with pytest.raises(ValueError, match=r"Colour: missing \['blue'\]"):
        badges.register(Colour, {Colour.RED: "ok"})


def test_a_tone_for_no_member_is_an_error() -> None:
    with pytest.raises(ValueError, match="foreign"):
        badges.register(Colour, {Colour.RED: "ok", Colour.BLUE: "bad", "green": "ok"})


def test_an_unknown_tone_is_an_error() -> None:
    with pytest.raises(ValueError, match="sparkling"):
        badges.register(Colour, {Colour.RED: "sparkling", Colour.BLUE: "ok"})


def test_a_member_is_text_and_tone() -> None:
    badges.register(Colour, {Colour.RED: Tone.BAD, Colour.BLUE: Tone.OK})
    assert badges.badge_for(Colour.RED) == '<span class="badge bad">a red one</span>'
    assert badges.badge_for(Colour.BLUE) == '<span class="badge ok">a &lt;blue&gt; one</span>'


def test_a_status_read_from_the_database_finds_its_enum_by_its_transitions() -> None:
    tones = dict.fromkeys(PledgeStatus, Tone.REST) | {PledgeStatus.ACTIVE: Tone.OK}
    badges.register(PledgeStatus, tones)
    assert badges.badge_for(Pledge(status="active")) == '<span class="badge ok">active</span>'


def test_another_choice_field_finds_its_enum_by_its_choices() -> None:
    badges.register(Role, dict.fromkeys(Role, Tone.BUSY))
    grant = RoleGrant(role="operations")
    assert badges.badge_for(grant, "role") == f'<span class="badge busy">{Role.OPERATIONS.label}</span>'


def test_a_field_without_tones_is_at_rest() -> None:
    pledge = Pledge(status="active")
    assert badges.badge_for(pledge) == '<span class="badge rest">active</span>'
    assert badges.badge_for(Pledge(public_id="X1"), "public_id") == '<span class="badge rest">X1</span>'


def test_pages_draw_badges_by_tag() -> None:
    badges.register(Colour, {Colour.RED: Tone.BAD, Colour.BLUE: Tone.OK})
    html = Template('{% load ui %}{% badge red %}{% tone "warn" text %}').render(
        Context({"red": Colour.RED, "text": "<3"})
    )
    assert html == '<span class="badge bad">a red one</span><span class="badge warn">&lt;3</span>'


def test_a_status_of_the_past_reads_as_its_badge_did() -> None:
    template = Template("{% load ui %}{{ past|status:pledge }}")
    shown = [template.render(Context({"pledge": Pledge(), "past": past})) for past in ("withdrawn", "long gone")]
    assert shown == ["withdrawn", "long gone"]
    with translation.override("fr"):
        assert template.render(Context({"pledge": Pledge(), "past": "withdrawn"})) == "retiré"
