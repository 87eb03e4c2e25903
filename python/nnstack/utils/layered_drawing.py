"""Drawing directed graphs in layers: who comes after whom lies below (Sugiyama et al. 1981)."""

from __future__ import annotations

from dataclasses import dataclass, field

_GAP_BETWEEN, _GAP_BELOW, _THREAD = 24.0, 36.0, 6.0


@dataclass
class Box:
    """A node: its size, and after `arrange` its middle."""

    key: str
    width: float
    height: float
    rows: list[str] = field(default_factory=list)
    group: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    is_real: bool = True


@dataclass
class Drawing:
    """Boxes, lines as lists of points, and frames (name, left, top, right, bottom) around groups."""

    boxes: list[Box]
    lines: list[list[tuple[float, float]]]
    frames: list[tuple[str, float, float, float, float]]
    width: float
    height: float


def arrange(boxes: list[Box], edges: list[tuple[str, str]], sideways: bool = False) -> Drawing:
    """Places the boxes; `sideways` draws from left to right instead of from top to bottom."""
    if sideways:
        for box in boxes:
            box.width, box.height = box.height, box.width
    known = {box.key: box for box in boxes}
    rank = _ranks(list(known), edges)
    rows: list[list[Box]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for box in boxes:
        rows[rank[box.key]].append(box)
    chains = _chains(edges, known, rank, rows)
    links = [(a, b) for chain in chains for a, b in zip(chain, chain[1:], strict=False)]
    _order(rows, links)
    _place(rows, links)
    lines = [_line(chain) for chain in chains]
    drawing = _finished(boxes, lines)
    if sideways:
        _turn(drawing)
    return drawing


def _ranks(keys: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Length of the longest way from a start; keys come in an order in which every edge points onwards."""
    before: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in edges:
        before[end].append(start)
    rank: dict[str, int] = {}

    def of(key: str) -> int:
        if key not in rank:
            rank[key] = 0  # an edge back to itself ends here
            rank[key] = max((of(one) + 1 for one in before[key]), default=0)
        return rank[key]

    for key in keys:
        of(key)
    return rank


def _chains(
    edges: list[tuple[str, str]], known: dict[str, Box], rank: dict[str, int], rows: list[list[Box]]
) -> list[list[Box]]:
    """Each edge as boxes one row apart; where it passes rows, narrow boxes that keep its place free."""
    chains = []
    for start, end in dict.fromkeys(edges):
        chain = [known[start]]
        for row in range(rank[start] + 1, rank[end]):
            thread = Box(f"{start}>{end}@{row}", _THREAD, 0.0, is_real=False)
            rows[row].append(thread)
            chain.append(thread)
        chains.append([*chain, known[end]])
    return chains


def _order(rows: list[list[Box]], links: list[tuple[Box, Box]]) -> None:
    """Within rows: sorted by the mean place of the neighbours above, then below, a few times over."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for a, b in links:
        above.setdefault(b.key, []).append(a.key)
        below.setdefault(a.key, []).append(b.key)
    for sweep in range(6):
        neighbours = below if sweep % 2 else above
        for row in reversed(rows) if sweep % 2 else rows:
            place = {box.key: i for other in rows for i, box in enumerate(other)}
            current = {box.key: i for i, box in enumerate(row)}

            def mean(box: Box, place: dict[str, int] = place, current: dict[str, int] = current) -> float:
                found = neighbours.get(box.key)  # noqa: B023 - used at once
                return sum(place[one] for one in found) / len(found) if found else current[box.key]

            row.sort(key=mean)


def _place(rows: list[list[Box]], links: list[tuple[Box, Box]]) -> None:
    """Middles: rows one below the other; in a row every box as near to its neighbours' middle as the others allow."""
    y = 0.0
    for row in rows:
        height = max(box.height for box in row)
        for box in row:
            box.y = y + height / 2
        y += height + _GAP_BELOW
        x = 0.0
        for box in row:
            box.x, x = x + box.width / 2, x + box.width + _GAP_BETWEEN
        for box in row:
            box.x -= (x - _GAP_BETWEEN) / 2
    around: dict[str, list[Box]] = {}
    for a, b in links:
        around.setdefault(a.key, []).append(b)
        around.setdefault(b.key, []).append(a)
    for sweep in range(8):
        for row in rows if sweep % 2 else reversed(rows):
            wanted = [_middle(around.get(box.key, []), box.x) for box in row]
            for i, box in enumerate(row):  # from the left: not before what stands there already
                least = row[i - 1].x + (row[i - 1].width + box.width) / 2 + _GAP_BETWEEN if i else wanted[i]
                box.x = max(wanted[i], least)
            shift = sum(w - box.x for w, box in zip(wanted, row, strict=True)) / len(row)
            for box in row:
                box.x += shift


def _middle(neighbours: list[Box], otherwise: float) -> float:
    return sum(box.x for box in neighbours) / len(neighbours) if neighbours else otherwise


def _line(chain: list[Box]) -> list[tuple[float, float]]:
    first, last = chain[0], chain[-1]
    points = [(first.x, first.y + first.height / 2)]
    points += [(box.x, box.y) for box in chain[1:-1]]
    return [*points, (last.x, last.y - last.height / 2)]


def _finished(boxes: list[Box], lines: list[list[tuple[float, float]]]) -> Drawing:
    """Everything moved to positive coordinates, with frames around the groups."""
    margin = 12.0
    groups = sorted({box.group[:depth] for box in boxes for depth in range(1, len(box.group) + 1)}, key=len)
    frames = []
    for group in groups:
        inside = [box for box in boxes if box.group[: len(group)] == group]
        deeper = max(len(box.group) for box in inside) - len(group)
        pad = 8.0 + 6.0 * deeper
        frames.append(
            (
                group[-1],
                min(box.x - box.width / 2 for box in inside) - pad,
                min(box.y - box.height / 2 for box in inside) - pad - 6,
                max(box.x + box.width / 2 for box in inside) + pad,
                max(box.y + box.height / 2 for box in inside) + pad,
            )
        )
    xs = [x for line in lines for x, _ in line] + [box.x + s * box.width / 2 for box in boxes for s in (-1, 1)]
    ys = [box.y + s * box.height / 2 for box in boxes for s in (-1, 1)]
    xs += [value for frame in frames for value in (frame[1], frame[3])]
    ys += [value for frame in frames for value in (frame[2], frame[4])]
    left, top = min(xs, default=0.0) - margin, min(ys, default=0.0) - margin
    for box in boxes:
        box.x, box.y = box.x - left, box.y - top
    moved = [[(x - left, y - top) for x, y in line] for line in lines]
    shifted = [(name, a - left, b - top, c - left, d - top) for name, a, b, c, d in frames]
    return Drawing(boxes, moved, shifted, max(xs, default=0.0) - left + margin, max(ys, default=0.0) - top + margin)


def _turn(drawing: Drawing) -> None:
    """Rows become columns."""
    drawing.width, drawing.height = drawing.height, drawing.width
    for box in drawing.boxes:
        box.x, box.y, box.width, box.height = box.y, box.x, box.height, box.width
    drawing.lines = [[(y, x) for x, y in line] for line in drawing.lines]
    drawing.frames = [(name, b, a, d, c) for name, a, b, c, d in drawing.frames]
