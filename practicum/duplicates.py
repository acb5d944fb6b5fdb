"""Which images are the same picture, also when one of them was encoded again or resized."""

from collections.abc import Callable, Iterator

import numpy as np

CELLS, FINE = 8, 48  # of a thumbnail, and at least of what is compared in detail, across and down
REACH = 2  # levels (of 0 to 255) by which the coarse features of copies may differ
BOX = 4  # side of the boxes of feature space in which copies are looked for, as a multiple of REACH
MOST_IN_A_BOX = 100  # with how many of a box each image is compared, so that many alike cost no hours
PAIRS_AT_ONCE, ROWS_AT_ONCE = 200_000, 2000
PLAIN = 12  # levels between the darkest and the brightest cell, in any colour, of a picture of one plain colour
# By how many levels the cells of copies may differ: in the mean; in the mean, as a share of how much the cells of one
# vary; anywhere; and anywhere beyond six times the mean. (Drawings that differ in one stroke differ in few cells.)
MEAN_OFF, OFF_OF_CONTRAST, MOST_OFF, STROKE = 6, 0.15, 30, 10
LIKENESS = 0.75  # of what the cells leave out, as correlation


def thumbnails(images: np.ndarray) -> np.ndarray:
    """The mean colours of the 8×8 cells of each image: uint8 (N, H, W, C) -> uint8 (N, up to 8, up to 8, C).

    What is left over at the borders is not looked at. An image of fewer pixels than cells has one cell a pixel.
    """
    return (_cell_means(images, *thumbnail_shape(images.shape[1:3])) + 0.5).astype(np.uint8)


def _cell_means(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """uint8 (N, H, W, C) -> float32 (N, rows, columns, C)."""
    count, height, width, channels = images.shape
    high, wide = height // rows, width // columns
    top, left = (height - rows * high) // 2, (width - columns * wide) // 2
    inner = images[:, top : top + rows * high, left : left + columns * wide]
    in_rows = inner.reshape(count, rows, high, columns * wide * channels)
    # Layer upon layer: several times as fast as NumPy's sum over an axis.
    sums: np.ndarray = in_rows[:, :, 0].astype(np.uint16 if high <= 257 else np.uint32)
    for layer in range(1, high):
        sums += in_rows[:, :, layer]
    in_columns = sums.reshape(count, rows, columns, wide, channels)
    total: np.ndarray = in_columns[:, :, :, 0].astype(np.uint32)
    for layer in range(1, wide):
        total += in_columns[:, :, :, layer]
    return total / np.float32(high * wide)


def thumbnail_shape(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the thumbnail of an image of this (height, width)."""
    return min(CELLS, size[0]), min(CELLS, size[1])


def copy_groups(keys: np.ndarray, small: np.ndarray, confirm: Callable[[int, int], bool]) -> np.ndarray:
    """Number the pictures: equal numbers for copies of one.

    Args:
        keys: uint64 (N,), equal for equal pixels.
        small: uint8 (N, rows, columns, channels), the thumbnails.
        confirm: whether the images in these two places, which look alike by their thumbnails, are of one picture.

    Returns:
        int64 (N,): the lowest place of an image of the same picture.
    """
    first, group = _equal(keys)
    heads: dict[int, int] = {}  # of the images in pairs
    for one, other in first[near_pairs(small[first])].tolist():
        heads_of_both = {_head(heads, one), _head(heads, other)}
        if len(heads_of_both) > 1 and confirm(one, other):
            heads[max(heads_of_both)] = min(heads_of_both)
    group_of = np.arange(len(keys))
    for place in sorted(heads):
        group_of[place] = group_of[heads[place]]  # which is lower, so it is final
    return group_of[first[group]]


def _equal(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first place of each key, and for each place the number of its key. (np.unique loads a tenth of a second.)"""
    order = np.argsort(keys, kind="stable")
    begins = np.ones(len(keys), bool)
    begins[1:] = keys[order][1:] != keys[order][:-1]
    group = np.empty(len(keys), np.int64)
    group[order] = np.cumsum(begins) - 1
    return order[begins], group


def near_pairs(small: np.ndarray) -> np.ndarray:
    """Which thumbnails, uint8 (N, rows, columns, channels), look alike: their places, int (P, 2), the lower first."""
    shown = np.flatnonzero(~_is_plain(small)) if len(small) > 1 else np.empty(0, np.int64)
    if len(shown) < 2:
        return np.empty((0, 2), np.int64)
    flat = small.reshape(len(small), -1)
    features, reach = _features(small)
    found = [
        pairs[_look_alike(flat[pairs[:, 0]].astype(np.int16), flat[pairs[:, 1]].astype(np.int16))]
        for pairs in (shown[pairs] for pairs in _pairs_in_boxes(features[shown], reach))
    ]
    pairs = np.sort(np.concatenate(found), axis=1)
    return pairs[_equal(pairs[:, 0] * len(small) + pairs[:, 1])[0]]


def _is_plain(small: np.ndarray) -> np.ndarray:
    """Which thumbnails are of one plain colour, and show nothing by which to tell pictures apart: bool (N,)."""
    left = np.arange(len(small))
    for row in range(small.shape[1]):  # most are found not to be by their first rows
        part = small[left, : row + 1].reshape(len(left), (row + 1) * small.shape[2], small.shape[3])
        left = left[(part.max(1) - part.min(1)).max(1) <= PLAIN]
    plain = np.zeros(len(small), bool)
    plain[left] = True
    return plain


def _look_alike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which rows of values are nearly equal: bool (P,) for int16 (P, values)."""
    off = np.abs(one - other)
    mean, most = off.mean(1), off.max(1)
    near = (mean <= MEAN_OFF) & (most <= MOST_OFF) & (most <= STROKE + 6 * mean)
    left = np.flatnonzero(near)
    near[left] = mean[left] <= OFF_OF_CONTRAST * np.minimum(one[left].std(1), other[left].std(1))
    return near


def same_details(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two images, uint8 (H, W, C), that look alike by their thumbnails have their smaller details in common."""
    first, second = _details(one), _details(other)
    size = np.sqrt((first @ first) * (second @ second))
    return bool(first @ second >= LIKENESS * size)


def _details(image: np.ndarray) -> np.ndarray:
    """What the thumbnail leaves out, float32: of an image of up to 95 pixels a side each pixel, else means of some."""
    height, width = image.shape[:2]
    fine = _cell_means(image[np.newaxis], height // max(1, height // FINE), width // max(1, width // FINE))[0].mean(2)
    rows, columns = thumbnail_shape(fine.shape)
    high, wide = fine.shape[0] // rows, fine.shape[1] // columns
    tiles = fine[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    return (tiles - tiles.mean((1, 3), keepdims=True)).reshape(-1)


def _features(small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What hardly changes when a picture is encoded again, and by how much it may.

    Brightness, left against right, top against bottom, centre against border, red against blue.

    Args:
        small: uint8 (N, rows, columns, channels), the thumbnails.

    Returns:
        int64 (N, F) and int64 (F,). They are sums of whole numbers, the same on every machine.
    """
    count, *shape = small.shape
    rows, columns, channels = shape
    down, across, channel = np.indices(shape)
    border = (np.abs(down - (rows - 1) / 2) > rows / 4) | (np.abs(across - (columns - 1) / 2) > columns / 4)
    weights = [
        np.ones(shape),
        np.sign(across - (columns - 1) / 2),
        np.sign(down - (rows - 1) / 2),
        np.where(border, -1, 3),
        np.where(channel == 0, 1, 0) - np.where(channel == channels - 1, 1, 0),
    ]
    matrix = np.stack([each.reshape(-1) for each in weights if each.any()], axis=1).astype(np.float32)
    reach = (REACH * np.abs(matrix).sum(0)).astype(np.int64)
    flat = small.reshape(count, -1)
    some = range(0, count, ROWS_AT_ONCE)
    sums = [flat[start : start + ROWS_AT_ONCE].astype(np.float32) @ matrix for start in some]
    return np.concatenate(sums).astype(np.int64), reach  # exact: far below 2 to the power of 24


def _pairs_in_boxes(features: np.ndarray, reach: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of places, int (P, 2), whose features (N, F) all lie within reach (F,); most of them twice.

    Each image lies in one box of feature space, and is compared with those in the boxes within its reach.
    """
    side = BOX * reach
    low, high, home = (features - reach) // side, (features + reach) // side, features // side
    start = low.min(0)
    spans = high.max(0) - start + 1
    boxes, rows = np.zeros(len(features), np.int64), np.arange(len(features))
    home_box = np.zeros(len(features), np.int64)
    for axis, span in enumerate(spans):
        home_box = home_box * span + home[:, axis] - start[axis]
        further = np.flatnonzero(high[rows, axis] > low[rows, axis])
        shifted = boxes * span - start[axis]
        boxes = np.concatenate([shifted + low[rows, axis], shifted[further] + high[rows[further], axis]])
        rows = np.concatenate([rows, rows[further]])
    order = np.argsort(home_box, kind="stable")
    in_order = home_box[order]
    begins = np.flatnonzero(np.diff(in_order, prepend=in_order[0] - 1))
    filled = in_order[begins]
    found = np.minimum(np.searchsorted(filled, boxes), len(filled) - 1)
    met = np.flatnonzero(filled[found] == boxes)
    rows, found = rows[met], found[met]
    first = begins[found]
    counts = np.minimum(np.diff(begins, append=len(order))[found], MOST_IN_A_BOX)
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(rows):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + PAIRS_AT_ONCE)))
        own = counts[begin:end]
        one = np.repeat(rows[begin:end], own)
        skipped = np.repeat(first[begin:end] - (ends[begin:end] - own - done), own)
        other = order[skipped + np.arange(len(one))]
        near = one != other
        for axis in range(features.shape[1]):
            one, other = one[near], other[near]
            near = np.abs(features[one, axis] - features[other, axis]) <= reach[axis]
        yield np.column_stack([one[near], other[near]])
        begin = end


def _head(heads: dict[int, int], place: int) -> int:
    """The lowest place of the group."""
    way = []
    while heads.get(place, place) != place:
        way.append(place)
        place = heads[place]
    heads.update(dict.fromkeys(way, place))  # the next one is quicker
    return place
