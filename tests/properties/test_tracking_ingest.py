"""Ingest is idempotent: whatever is split, repeated or overlaps, the same run is held afterwards."""

import json

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from compute.tracking.models import MetricKey, Run
from compute.tracking.queries.runs import console, history_lines
from compute.tracking.queries.series import lines_held, shown_writers
from tests.factories.tracking import START, begun, history, output, posted, run_of

NAMES = ["loss", "acc", "note"]
VALUES = st.one_of(st.floats(), st.integers(-(2**60), 2**60), st.booleans(), st.text(max_size=4))
RECORDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
CUTS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), max_size=8)


def told(run: Run) -> object:
    """Everything that is held of a run."""
    run.refresh_from_db()
    writers = shown_writers(run)
    keys = MetricKey.objects.filter(run=run, n__gt=0).order_by("name")
    return (
        json.dumps(history_lines(run, first=0), sort_keys=True),
        lines_held(writers),
        sum(writer.missing_lines for writer in writers),
        run.next_step,
        repr([(key.name, key.n, key.low, key.high, key.last) for key in keys]),
        console(run),
    )


class IngestTest(TestCase):
    @given(records=st.lists(RECORDS, min_size=1, max_size=12), cuts=CUTS)
    def test_posts_split_repeated_and_overlapping_lead_to_the_same_run(
        self, records: list[dict[str, object]], cuts: list[tuple[int, int]]
    ) -> None:
        content = [json.dumps({**record, "_step": 2 * i, "_timestamp": START + i}) for i, record in enumerate(records)]
        said = [f"2026-11-24T10:00:{i:02}.5 line {i}" for i in range(len(content))]
        whole = begun(run_of(name="whole"))
        posted(whole, history(content))
        posted(whole, output(said))

        pieces = begun(run_of(name="pieces"))
        sent = 0
        for start, size in cuts:
            start = min(start, sent)  # a client sends what it has not heard of, or something again
            end = min(start + size, len(content))
            posted(pieces, history(content[start:end], offset=start))
            posted(pieces, output(said[start:end], offset=start))
            sent = max(sent, end)
        if sent < len(content):
            posted(pieces, history(content[sent:], offset=sent))
            posted(pieces, output(said[sent:], offset=sent))
        for again in (0, len(content) // 2):
            begun(pieces)  # a later sync of the same folder
            posted(pieces, history(content, offset=again))
            posted(pieces, output(said, offset=again))

        assert told(pieces) == told(whole)
