"""Drawing directed graphs in layers: who comes after whom lies below (Sugiyama et al. 1981)."""

from __future__ import annotations

from dataclasses import dataclass, field

_GAP_BETWEEN, _GAP_BELOW, _THREAD, _PAD = 24.0, 36.0, 6.0, 14.0


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
    home: tuple[float, float] = (0.0, 0.0)  # of a frame: the middle of what is in it, before it is placed


@dataclass
class Drawing:
    """Boxes, lines as lists of points, and frames (name, left, top, right, bottom) around groups."""

    boxes: list[Box]
    lines: list[list[tuple[float, float]]]
    frames: list[tuple[str, float, float, float, float]]
    width: float
    height: float


def arrange(boxes: list[Box], edges: list[tuple[str, str]], sideways: bool = False) -> Drawing:
    """Places the boxes; `sideways` draws from left to right instead of from top to bottom. Frames around groups hold
    the boxes of the group and no others: a group is arranged by itself and then placed as one box.
    """
    if sideways:
        for box in boxes:
            box.width, box.height = box.height, box.width
    lines: list[list[tuple[float, float]]] = []
    frames: list[Box] = []
    _arrange_level(boxes, list(dict.fromkeys(edges)), 0, lines, frames)
    drawing = _finished(boxes, lines, frames)
    if sideways:
        _turn(drawing)
    return drawing


def _arrange_level(
    boxes: list[Box],
    edges: list[tuple[str, str]],
    depth: int,
    lines: list[list[tuple[float, float]]],
    frames: list[Box],
) -> list[Box]:
    """Places what lies `depth` groups deep around (0, 0), and adds its lines and frames; returns the boxes and frames
    of this level.
    """
    groups: dict[str, list[Box]] = {}
    for box in boxes:
        if len(box.group) > depth:
            groups.setdefault(box.group[depth], []).append(box)
    standing: dict[str, Box] = {}  # box of this level that stands for a box
    moving: list[tuple[Box, list[Box], int, int]] = []  # a frame, what is in it, and its part of the lines
    for name, members in groups.items():
        keys = {box.key for box in members}
        first_line, first_frame = len(lines), len(frames)
        within = [edge for edge in edges if keys.issuperset(edge)]
        _arrange_level(members, within, depth + 1, lines, frames)
        inner = [*members, *frames[first_frame:]]
        frame = _around(name, inner, members[0].group[: depth + 1])
        moving.append((frame, inner, first_line, len(lines)))
        frames.append(frame)
        standing.update(dict.fromkeys(keys, frame))
    level = list({id(one): one for one in (standing.get(box.key, box) for box in boxes)}.values())
    known = {box.key: box for box in boxes}

    def seen_here(key: str) -> str:
        return standing.get(key, known[key]).key

    between = {(start, end): (seen_here(start), seen_here(end)) for start, end in edges}
    outer = [(start, end) for start, end in dict.fromkeys(between.values()) if start != end]
    chains = _place_level(level, outer)
    for frame, inner, first, last in moving:
        dx, dy = frame.x - frame.home[0], frame.y - frame.home[1]
        for box in inner:
            box.x, box.y = box.x + dx, box.y + dy
        lines[first:last] = [[(x + dx, y + dy) for x, y in line] for line in lines[first:last]]
    for (start, end), ends in between.items():
        if ends[0] != ends[1]:
            lines.append(_line(known[start], chains[ends][1:-1], known[end]))
        elif depth == 0 and start == end:
            lines.append(_line(known[start], [], known[end]))
    return level


def _around(name: str, inner: list[Box], group: tuple[str, ...]) -> Box:
    """A frame around boxes, with room for its name."""
    left, right = min(b.x - b.width / 2 for b in inner), max(b.x + b.width / 2 for b in inner)
    top, bottom = min(b.y - b.height / 2 for b in inner), max(b.y + b.height / 2 for b in inner)
    frame = Box(f"frame {'/'.join(group)}", right - left + 2 * _PAD, bottom - top + 2 * _PAD, [name], group)
    frame.home = ((left + right) / 2, (top + bottom) / 2)
    return frame


def _place_level(boxes: list[Box], edges: list[tuple[str, str]]) -> dict[tuple[str, str], list[Box]]:
    """Places the boxes; gives for each edge the boxes and free places that it passes."""
    known = {box.key: box for box in boxes}
    rank = _ranks(list(known), edges)
    used = {one: row for row, one in enumerate(sorted(set(rank.values())))}  # edges in a ring leave rows empty
    rank = {key: used[one] for key, one in rank.items()}
    rows: list[list[Box]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for box in boxes:
        rows[rank[box.key]].append(box)
    chains = _chains(edges, known, rank, rows)
    links = [(a, b) for chain in chains for a, b in zip(chain, chain[1:], strict=False)]
    _order(rows, links)
    _place(rows, links)
    return dict(zip(edges, chains, strict=True))


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


def _line(first: Box, passed: list[Box], last: Box) -> list[tuple[float, float]]:
    points = [(first.x, first.y + first.height / 2)]
    points += [(box.x, box.y) for box in passed]
    return [*points, (last.x, last.y - last.height / 2)]


def _finished(boxes: list[Box], lines: list[list[tuple[float, float]]], frames: list[Box]) -> Drawing:
    """Everything moved to positive coordinates, outer frames before inner ones."""
    margin = 12.0
    everything = [*boxes, *frames]
    xs = [x for line in lines for x, _ in line] + [box.x + s * box.width / 2 for box in everything for s in (-1, 1)]
    ys = [box.y + s * box.height / 2 for box in everything for s in (-1, 1)]
    left, top = min(xs, default=0.0) - margin, min(ys, default=0.0) - margin
    for box in everything:
        box.x, box.y = box.x - left, box.y - top
    moved = [[(x - left, y - top) for x, y in line] for line in lines]
    edges = [
        (one.rows[0], one.x - one.width / 2, one.y - one.height / 2, one.x + one.width / 2, one.y + one.height / 2)
        for one in sorted(frames, key=lambda one: len(one.group))
    ]
    return Drawing(boxes, moved, edges, max(xs, default=0.0) - left + margin, max(ys, default=0.0) - top + margin)


def _turn(drawing: Drawing) -> None:
    """Rows become columns."""
    drawing.width, drawing.height = drawing.height, drawing.width
    for box in drawing.boxes:
        box.x, box.y, box.width, box.height = box.y, box.x, box.height, box.width
    drawing.lines = [[(y, x) for x, y in line] for line in drawing.lines]
    drawing.frames = [(name, b, a, d, c) for name, a, b, c, d in drawing.frames]
