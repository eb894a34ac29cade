"""SPDX licence expressions."""

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

OTHER = "other"

# What people are offered first; any other SPDX licence may be typed.
COMMON = (
    *("Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "CC-BY-SA-4.0", "ODC-By-1.0", "ODbL-1.0"),
    *("GPL-3.0-or-later", "LGPL-3.0-or-later", "AGPL-3.0-or-later", "MPL-2.0", "EUPL-1.2"),
)


def canonical(text: str) -> str:
    """The expression as SPDX writes it ("apache-2.0" → "Apache-2.0"), "" if it is none."""
    if not text.strip() or "licenseref-" in text.lower():
        return ""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""


def alternatives(expression: str) -> list[list[str]]:
    """The licences one may choose among (OR), each as those that then hold together (AND), without exceptions.

    Expressions with brackets inside are read as if everything held together: the stricter reading.
    """
    if "(" in expression:
        words = expression.replace("(", " ").replace(")", " ").replace(" OR ", " AND ")
        return [_parts(words)]
    return [_parts(option) for option in expression.split(" OR ")]


def _parts(option: str) -> list[str]:
    return [part.strip().partition(" WITH ")[0].strip() for part in option.split(" AND ")]
