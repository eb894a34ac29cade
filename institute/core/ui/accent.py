"""The institute's own accent colour, adjusted until text in it can be read (WCAG 2.2, 1.4.3) in both themes."""

import colorsys
import hashlib
import re

from institute.core.ui.navigation import resolve

RGB = tuple[float, float, float]
LIGHT_GROUND: RGB = (0.945, 0.937, 0.910)  # --sunken, the darkest light ground
DARK_GROUND: RGB = (0.129, 0.165, 0.157)  # --rest-soft, the lightest dark ground
ENOUGH = 4.6  # the rule says 4.5; a little more covers rounding to 8 bits


def parse(colour: str) -> RGB:
    """#rrggbb as fractions; ValueError for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"INSTITUTE_ACCENT {colour!r} is not of the form #rrggbb")
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def luminance(colour: RGB) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: RGB, other: RGB) -> float:
    """Contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: RGB, ground: RGB) -> RGB:
    """`colour` with its lightness moved away from `ground` as little as text in it needs."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour)
    step = -0.01 if luminance(ground) > 0.18 else 0.01
    while contrast(colour, ground) < ENOUGH and 0 < lightness + step < 1:
        lightness += step
        colour = colorsys.hls_to_rgb(hue, lightness, saturation)
    return colour if contrast(colour, ground) >= ENOUGH else ((0, 0, 0) if step < 0 else (1, 1, 1))


def mix(colour: RGB, ground: RGB, share: float) -> RGB:
    """`share` of `colour` over `ground`."""
    red, green, blue = (c * share + g * (1 - share) for c, g in zip(colour, ground, strict=True))
    return red, green, blue


def _hex(colour: RGB) -> str:
    return "#" + "".join(f"{round(c * 255):02x}" for c in colour)


def stylesheet(colour: str) -> str:
    """The style sheet that puts `colour` in the place of the product's accent; ValueError if it is none."""
    chosen = parse(colour)
    light_soft, dark_soft = mix(chosen, (1, 1, 1), 0.12), mix(chosen, (0.06, 0.08, 0.08), 0.22)
    light = readable_on(readable_on(chosen, LIGHT_GROUND), light_soft)
    dark = readable_on(readable_on(chosen, DARK_GROUND), dark_soft)
    on_dark = readable_on((0.02, 0.13, 0.12), dark)
    tokens = {
        "--water": (light, dark),
        "--water-soft": (light_soft, dark_soft),
        "--on-water": ((1.0, 1.0, 1.0), on_dark),
    }
    lines = [f"  {name}: light-dark({_hex(a)}, {_hex(b)});" for name, (a, b) in tokens.items()]
    return ":root {\n" + "\n".join(lines) + "\n}\n"


def stylesheet_url(colour: str) -> str:
    """Where the style sheet is served, with a version that changes with the colour; "" without an accent."""
    url = resolve("ui:accent") if colour else ""
    return f"{url}?v={hashlib.sha256(colour.encode()).hexdigest()[:8]}" if url else ""
