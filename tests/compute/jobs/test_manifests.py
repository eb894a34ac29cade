"""A manifest's one text, and what has none."""

import pytest

from compute.jobs.rules.manifests import canonical, is_plain
from institute.core.errors import Refused


def test_a_manifest_has_one_text_whatever_the_order_of_its_keys():
    assert canonical({"b": 1, "a": "ü"}) == canonical({"a": "ü", "b": 1}) == '{"a":"ü","b":1}'


@pytest.mark.parametrize("manifest", [{"a": "\ud800"}, {"\udfff": 1}, {"a": [{"b": "x\ud800"}]}])
def test_half_a_character_has_no_text(manifest):
    with pytest.raises(Refused) as refusal:
        canonical(manifest)
    assert (refusal.value.rule, refusal.value.field) == ("manifest", "manifest")


@pytest.mark.parametrize("path", ["a", "a/b.txt", "ü/😀", "x" * 400, "...", "a b"])
def test_a_plain_path(path):
    assert is_plain(path)


@pytest.mark.parametrize("path", ["", "/", "a/", "./a", "a/./b", "a/../b", "\x00", "a\u200b", "x" * 401, "a\\b"])
def test_a_path_that_leaves_its_folder_or_means_different_things(path):
    assert not is_plain(path)
