"""A plot of lines over a logarithmic axis, as SVG by hand."""

import math

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 36, 56, 48
BLUE, GREY, RED, GREEN = "#1f6feb", "#57606a", "#bf3989", "#1a7f37"
STYLE = "text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold;font-size:13px}.grid{stroke:#d0d7de}.axis{stroke:#57606a}"


def steps(most):
    """Round numbers from 0 to the first that is not below `most`; about five of them."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def number(value):
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"


def panel(title, unit, across, series):
    """One plot: `series` are names with a colour and points (x, y); a point alone is drawn as a ring."""
    points = [point for _, _, line in series for point in line]
    low, high = (math.log10(choose(x for x, _ in points)) for choose in (min, max))
    marks = steps(max(y for _, y in points))

    def at(x, y):
        wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + wide * (math.log10(x) - low) / (high - low or 1), HEIGHT - BOTTOM - tall * y / marks[-1]

    out = [f'<text class="title" x="{LEFT}" y="18">{title}, {unit}</text>']
    for mark in marks:
        x, y = at(10**low, mark)
        out.append(f'<line class="grid" x1="{x}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text text-anchor="end" x="{x - 6}" y="{y + 4:.1f}">{number(mark)}</text>')
    for power in range(math.ceil(low), math.floor(high) + 1):
        x, y = at(10**power, 0)
        out.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 5}"/>')
        out.append(f'<text text-anchor="middle" x="{x:.1f}" y="{y + 19}">{10**power:,}</text>')
    out.append(f'<text text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">{across}</text>')
    for place, (name, colour, line) in enumerate(series):
        drawn = [at(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        fill = "white" if len(line) == 1 else colour
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{fill}" stroke="{colour}"/>' for x, y in drawn]
        x, y = LEFT + (place % 2) * 180, 34 + (place // 2) * 15
        out.append(f'<circle cx="{x + 4}" cy="{y - 4}" r="3.5" fill="{fill}" stroke="{colour}"/><text x="{x + 13}" y="{y}">{name}</text>')
    return "\n".join(out)


def side_by_side(panels):
    """An SVG of some panels."""
    whole = WIDTH * len(panels)
    placed = [f'<g transform="translate({WIDTH * place} 0)">\n{one}\n</g>' for place, one in enumerate(panels)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" viewBox="0 0 {whole} {HEIGHT}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{whole}" height="{HEIGHT}" fill="white"/>',
        *placed,
        "</svg>\n",
    ])
