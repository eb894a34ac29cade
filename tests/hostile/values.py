"""Values and bodies that no honest client sends."""

import json
from typing import Any

NUL = "a\x00b"
LONG = "x" * 70_000
FOREIGN = "01ZZZZZZZZZZZZZZZZZZZZZZZZ"
OVERSIZED = 5 * 1024 * 1024  # beyond DATA_UPLOAD_MAX_MEMORY_SIZE

VALUES: tuple[Any, ...] = (
    None,
    "",
    NUL,
    LONG,
    FOREIGN,
    "\u202e\ufffe",
    "'; DROP TABLE people_user; --",
    "../../etc/passwd",
    "9999-99-99T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "NaN",
    "1e400",
    -1,
    0,
    1.5,
    10**30,
    -(10**30),
    True,
    [],
    {},
    [[[[]]]],
    [None],
    {"a": {"b": [NUL]}},
)
TEXTS = tuple(str(value) for value in VALUES if isinstance(value, str | int | float))

# (what, content type, bytes): none of them is a body that an endpoint takes.
BODIES: tuple[tuple[str, str, bytes], ...] = (
    ("no JSON", "application/json", b"{"),
    ("half a list", "application/json", b'{"a": [1, 2'),
    ("nothing", "application/json", b""),
    ("null", "application/json", b"null"),
    ("a list", "application/json", b"[]"),
    ("a number", "application/json", b"1"),
    ("a text", "application/json", b'"text"'),
    ("not a number", "application/json", b'{"reason": NaN, "amount": Infinity}'),
    ("no UTF-8", "application/json", b'{"reason": "\xff\xfe"}'),
    ("half a surrogate", "application/json", b'{"reason": "\\ud800", "name": "\\udfff"}'),
    ("deep lists", "application/json", b"[" * 200_000),
    ("deep objects", "application/json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    ("a wrong type", "text/plain", b"reason=because"),
    ("XML", "application/xml", b"<reason/>"),
    ("no type", "", b"{}"),
    ("half a multipart", "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name="),
    ("a multipart without boundary", "multipart/form-data", b"reason"),
    ("too much", "application/json", json.dumps({"reason": "x" * OVERSIZED}).encode()),
)

QUERIES = (
    "q=%00&status=%00&cursor=%00&sort=%00",
    "cursor=garbage&limit=-1&page=-1&sort=nothing&after=garbage&before=garbage",
    "limit=99999999999999999999&offset=-5&attempt=99999999999999999999",
    f"q={'x' * 5000}&status={FOREIGN}&project=nobody&recipe=none&donor={FOREIGN}&licence=none",
    "q=%ff%fe&cursor=%ff&format=csv&status[]=a&sort=-",
    "after=bzE9MCZwPTEwMDAwMDAwMDAwMDAwMDAwMDAwMA%3D%3D&cursor=cD0yMDI2JTAw",
    "keys=%5B%5D&x=NaN&points=-1&points=1e9&from=0&to=-1",
)

# Parts of a path that name nothing.
IDS = ("%00", "a%00b", "x" * 300, "%F0%9F%A6%A3", "..", "-1", "1e9", FOREIGN.lower(), "%ff%fe", "' OR 1=1")

HEADERS: tuple[dict[str, str], ...] = (
    {"Idempotency-Key": "x" * 256},
    {"Idempotency-Key": "\u202e\udcff'; --"},
    {"Range": f"bytes={'9' * 5000}-"},
    {"Range": f"bytes=-{'9' * 5000}"},
    {"Range": "bytes=٣-٤"},
    {"X-Fence": "9" * 5000},
    {"X-Fence": "-1"},
    {"Content-Length": "-1"},
    {"Accept": "application/xml;q=2, text/\u202e"},
    {"Accept-Language": "xx-" * 200},
    {"If-None-Match": '"' * 200},
    {"HX-Request": "true", "HX-Current-URL": "\u202e"},
    {"Authorization": "Basic \u202e"},
    {"Authorization": "Basic " + "A" * 4000},
    {"Authorization": "Bearer " + "A" * 4000},
    {"Authorization": "Bearer a b c"},
    {"Authorization": "Digest"},
    {"Cookie": "headwaters_session_8000=../../etc; sessionid=\x01"},
)
