"""Draws how long runs take against the age and the fullness of a lake, as SVG."""

import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 300, 56, 40, 40, 48
LINES = (("nothing to do", "#1f6feb"), ("1,000 new rows", "#d1570a"))


def draw(path, panels, lines=LINES, title="Seconds of a run against days of history and against rows", alike=True):
    """Writes `panels` beside one another: (title of the x axis, {x: seconds of each of `lines`}).

    They have one scale of seconds if they are `alike`, else each its own."""
    steps = [(max(max(seconds) for seconds in points.values()), name, points) for name, points in panels]
    most = max(least for least, _, _ in steps)
    parts = [part for place, (own, name, points) in enumerate(steps)
             for part in panel(place * WIDTH, name, points, most if alike else own, lines)]
    width = WIDTH * len(panels)
    path.write_text("\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="12" role="img">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>', *parts, "</svg>", ""]))


def panel(left, title, points, most, lines):
    step = next((s for s in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 100) if most / s <= 6), 1000)
    top = math.ceil(most / step) * step
    xs = sorted(points)
    low, high = math.log10(xs[0]), math.log10(xs[-1])
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    x = lambda value: left + LEFT + (wide * (math.log10(value) - low) / (high - low) if high > low else wide / 2)
    y = lambda seconds: TOP + tall * (1 - seconds / top)
    for number in range(round(top / step) + 1):
        at = y(number * step)
        yield f'<line x1="{left + LEFT}" y1="{at:.1f}" x2="{left + LEFT + wide}" y2="{at:.1f}" stroke="#ddd"/>'
        yield f'<text x="{left + LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" fill="#444">{number * step:g} s</text>'
    for value in xs:
        yield f'<text x="{x(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#444">{value:,}</text>'
    yield f'<text x="{left + LEFT + wide / 2}" y="{HEIGHT - 10}" text-anchor="middle" fill="#222">{title}</text>'
    for number, (name, colour) in enumerate(lines):
        places = [(x(value), y(points[value][number])) for value in xs]
        joined = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.5" fill="{colour}"/>' for px, py in places)
        at = left + LEFT + number * 140
        yield f'<rect x="{at}" y="14" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{at + 15}" y="23" fill="#222">{name}</text>'
