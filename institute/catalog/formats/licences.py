"""SPDX licences: which text names one, and how open it is.

How open: "any" (a licence at all), "osi_or_cc" (open source as the OSI approves it, or a free Creative Commons
licence), "permissive" (no duty to share alike). ALLOCATION §3 orders them: any < osi_or_cc < permissive.
"""

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

OTHER = "other"

COMMON = (
    *("Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0", "ODC-By-1.0", "ODbL-1.0"),
    *("GPL-3.0-or-later", "LGPL-3.0-or-later", "AGPL-3.0-or-later", "MPL-2.0", "EUPL-1.2", "Unlicense", "PDDL-1.0"),
)
PERMISSIVE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC-BY-4.0", "CC0-1.0", "ISC", "MIT"),
        *("MIT-0", "MulanPSL-2.0", "NCSA", "ODC-By-1.0", "PDDL-1.0", "PostgreSQL", "PSF-2.0", "Python-2.0"),
        *("Unlicense", "UPL-1.0", "Zlib", "CC-BY-3.0", "AFL-3.0", "ECL-2.0"),
    }
)
SHARE_ALIKE = frozenset(
    {
        *("CC-BY-SA-4.0", "CC-BY-SA-3.0", "ODbL-1.0", "MPL-2.0", "EUPL-1.2", "EPL-2.0", "CDDL-1.0", "OSL-3.0"),
        *(
            f"{name}-{version}-{end}"
            for name in ("GPL", "LGPL")
            for version in ("2.0", "3.0")
            for end in ("only", "or-later")
        ),
        *("LGPL-2.1-only", "LGPL-2.1-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "GFDL-1.3-or-later"),
    }
)
LEVELS = ("any", "osi_or_cc", "permissive")


def canonical(text: str) -> str:
    """The expression as SPDX writes it ("apache-2.0" → "Apache-2.0"), "" if it is none."""
    if not text.strip() or "licenseref-" in text.lower():
        return ""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""


def openness(expression: str) -> str:
    """The level of an expression: of its strictest part under AND, of its most open under OR."""
    alternatives = [option.strip(" ()") for option in expression.split(" OR ")]
    return max((_strictest(option) for option in alternatives), key=LEVELS.index)


def _strictest(option: str) -> str:
    parts = [part.strip(" ()").partition(" WITH ")[0] for part in option.split(" AND ")]
    return min((_level(part) for part in parts), key=LEVELS.index)


def _level(identifier: str) -> str:
    if identifier in PERMISSIVE:
        return "permissive"
    return "osi_or_cc" if identifier in SHARE_ALIKE else "any"


def is_as_open(expression: str, wanted: str) -> bool:
    """Whether a licence is at least as open as a level of LEVELS asks."""
    return LEVELS.index(openness(expression)) >= LEVELS.index(wanted)
