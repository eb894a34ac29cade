"""How open an SPDX licence is."""

from compute.allocations.enums import Openness

PERMISSIVE = frozenset(
    {
        "0bsd",
        "afl-3.0",
        "apache-2.0",
        "artistic-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsl-1.0",
        "cc-by-4.0",
        "cc0-1.0",
        "cdla-permissive-2.0",
        "isc",
        "mit",
        "mit-0",
        "ms-pl",
        "ncsa",
        "postgresql",
        "unlicense",
        "upl-1.0",
        "zlib",
    }
)
OSI_OR_CC = PERMISSIVE | {
    "agpl-3.0-only",
    "agpl-3.0-or-later",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cc-by-sa-4.0",
    "cecill-2.1",
    "epl-2.0",
    "eupl-1.2",
    "gpl-2.0-only",
    "gpl-2.0-or-later",
    "gpl-3.0-only",
    "gpl-3.0-or-later",
    "lgpl-2.1-only",
    "lgpl-2.1-or-later",
    "lgpl-3.0-only",
    "lgpl-3.0-or-later",
    "mpl-2.0",
    "odbl-1.0",
    "osl-3.0",
}


def openness_of(licence: str) -> Openness:
    """How open a licence is, by its SPDX identifier in any case; unknown ones count as not open."""
    name = licence.strip().lower()
    if name in PERMISSIVE:
        return Openness.PERMISSIVE
    return Openness.OSI_OR_CC if name in OSI_OR_CC else Openness.ANY
