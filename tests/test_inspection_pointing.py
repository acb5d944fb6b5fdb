"""The pointing game, counted here point by point, and the likeness of maps beside scipy and slow definitions."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from practicum import inspection, shapes
from practicum.backend import keras
from practicum.inspection.likeness import rank_correlation, ranks, structural_similarity
from practicum.inspection.pointing import (
    MethodRow,
    MethodTable,
    centre_point,
    compare_methods,
    heat_inside,
    pointing_game,
    random_point,
)
from practicum.model import build_cnn


def maps(count=6, height=9, width=11, seed=0, levels=None):
    random = np.random.default_rng(seed)
    heats = random.random((count, height, width))
    return np.floor(heats * levels) / levels if levels else heats


def masks_like(heats, seed=1):
    return np.random.default_rng(seed).random(heats.shape) < 0.3


def slow_pointing(heats, masks):
    results = []
    for heat, mask in zip(heats, masks, strict=True):
        highest = max(heat.ravel().tolist())
        points = [place for place in np.ndindex(heat.shape) if heat[place] == highest and highest > 0]
        results.append(sum(bool(mask[place]) for place in points) / len(points) if points else 0.0)
    return sum(results) / len(results)


@pytest.mark.parametrize("levels", [None, 2, 5])
def test_pointing_as_counted_point_by_point(levels):
    heats = maps(20, levels=levels)
    heats[3] = 0
    masks = masks_like(heats)
    assert pointing_game(heats, masks) == pytest.approx(slow_pointing(heats, masks), abs=1e-12)


def test_a_map_that_is_zero_points_nowhere_even_where_all_is_object():
    assert pointing_game(np.zeros((2, 4, 4)), np.ones((2, 4, 4), bool)) == 0
    assert heat_inside(np.zeros((2, 4, 4)), np.ones((2, 4, 4), bool)) == 0


def test_a_point_that_is_hardly_higher_is_the_highest():
    heats = np.array([[[1, 1 + 1e-12]]])
    assert pointing_game(heats, np.array([[[False, True]]])) == 1


def test_equal_heat_everywhere_is_as_good_as_a_random_point():
    masks = masks_like(maps())
    flat = np.full(masks.shape, 0.4)
    assert pointing_game(flat, masks) == pytest.approx(random_point(masks))
    assert heat_inside(flat, masks) == pytest.approx(random_point(masks))
    assert random_point(masks) == pytest.approx(masks.sum() / masks.size)


def test_heat_inside_as_a_mean_over_the_maps():
    heats = maps() * np.arange(1, 7)[:, None, None]  # each map counts the same, however hot it is
    masks = masks_like(heats)
    shares = [heat[mask].sum() / heat.sum() for heat, mask in zip(heats, masks, strict=True)]
    assert heat_inside(heats, masks) == pytest.approx(np.mean(shares))


@pytest.mark.parametrize(("side", "middle"), [(5, [2]), (6, [2, 3]), (1, [0]), (2, [0, 1])])
def test_the_centre_of_odd_and_even_images(side, middle):
    masks = np.zeros((1, side, 3), bool)
    masks[0, middle[0], 1] = True
    assert centre_point(masks) == pytest.approx(1 / len(middle))
    masks[0, :, 1] = True
    assert centre_point(masks) == 1
    assert centre_point(~masks) == 0


@pytest.mark.parametrize(
    ("heats", "masks", "text"),
    [
        (np.ones((2, 3, 3)), np.ones((1, 3, 3), bool), "a mask for each heat map"),
        (np.ones((3, 3)), np.ones((3, 3), bool), r"truth values \(N, height, width\)"),
        (np.ones((1, 3, 3)), np.ones((1, 3, 3)), "Received float64"),
        (-np.ones((1, 3, 3)), np.ones((1, 3, 3), bool), "0 or more"),
        (np.full((1, 3, 3), np.nan), np.ones((1, 3, 3), bool), "finite"),
        (np.full((1, 3, 3), np.inf), np.ones((1, 3, 3), bool), "finite"),
        (np.ones((0, 3, 3)), np.ones((0, 3, 3), bool), "at least one"),
    ],
)
def test_what_cannot_be_counted_is_said(heats, masks, text):
    for function in (pointing_game, heat_inside):
        with pytest.raises(ValueError, match=text):
            function(heats, masks)


@pytest.mark.parametrize("levels", [None, 1, 3])
def test_ranks_and_their_correlation_beside_scipy(levels):
    first, second = maps(seed=0, levels=levels), maps(seed=1, levels=4)
    assert np.array_equal(ranks(first[0]), stats.rankdata(first[0]).reshape(first[0].shape))
    found = rank_correlation(first, -second)
    for own, one, other in zip(found, first, second, strict=True):
        if np.ptp(one):
            assert own == pytest.approx(stats.spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-12)
        else:
            assert own == 0


def test_maps_without_any_order():
    flat, other = np.zeros((1, 4, 4)), maps(1, 4, 4)
    assert rank_correlation(flat, flat + 1).tolist() == [1]
    assert rank_correlation(flat, other).tolist() == rank_correlation(other, flat).tolist() == [0]


def slow_ssim(a, b, side=7):
    values = []
    for top in range(a.shape[0] - side + 1):
        for left in range(a.shape[1] - side + 1):
            x, y = (m[top : top + side, left : left + side].ravel() for m in (a, b))
            covariance = np.cov(x, y, bias=True)
            values.append(
                (2 * x.mean() * y.mean() + 0.0001)
                * (2 * covariance[0, 1] + 0.0009)
                / ((x.mean() ** 2 + y.mean() ** 2 + 0.0001) * (covariance[0, 0] + covariance[1, 1] + 0.0009))
            )
    return np.mean(values)


def test_structural_similarity_square_by_square():
    first, second = maps(seed=0), maps(seed=1)
    second[1] = 0.8 * first[1] + 0.1
    expected = [slow_ssim(a, b) for a, b in zip(first, second, strict=True)]
    assert structural_similarity(first, second) == pytest.approx(expected, abs=1e-10)
    with pytest.raises(ValueError, match="at least 7×7"):
        structural_similarity(maps(1, 6, 9), maps(1, 6, 9))


def test_pairs_that_do_not_fit():
    for function in (rank_correlation, structural_similarity):
        with pytest.raises(ValueError, match="of one shape"):
            function(maps(2), maps(3))
        with pytest.raises(ValueError, match="no finite numbers"):
            function(maps(2), maps(2) * np.inf)


# Methods side by side ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    return shapes.draw(12, size=16)


@pytest.fixture(scope="module")
def model():
    return build_cnn((16, 16, 3), 6, filters=(4, 6), seed=0)


def test_a_method_that_knows_and_one_that_does_not_care(model, drawn):
    def knows(network, images, *, class_index):
        right = class_index == drawn.labels
        return np.where(right[:, None, None], drawn.masks, ~drawn.masks).astype(np.float32)

    def middle(network, images, *, class_index):
        heat = np.zeros(drawn.masks.shape, np.float32)
        heat[:, 7:9, 7:9] = 1
        return heat

    table = compare_methods(model, drawn, methods={"knows": knows, "middle": middle})
    knowing, stubborn = table["knows"], table["middle"]
    assert (knowing.pointing, knowing.inside, knowing.other_class) == pytest.approx((1, 1, -1))
    assert stubborn.pointing == pytest.approx(table.centre_point)
    assert stubborn.other_class == pytest.approx(1)
    assert table.random_point == pytest.approx(drawn.masks.mean())
    assert table.better_baseline == max(table.random_point, table.centre_point)
    lines = str(table).splitlines()
    assert lines[2].split() == ["knows", "100%", "100%", "-1.00"]
    assert lines[5].startswith("a random point")
    assert "ms" not in str(table)
    assert "knows" in table.times()
    assert table.images == 12
    with pytest.raises(KeyError, match="knows, middle"):
        table["Grad-CAM"]


def test_rows_keep_their_order_and_times_are_an_image_without_the_first_call(model, drawn, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def taking(first, later):
        durations = iter((first, later))

        def method(network, images, *, class_index):
            now[0] += next(durations)
            return drawn.masks.astype(np.float32)

        return method

    table = compare_methods(model, drawn, methods={"b": taking(60, 0.024), "c": taking(9, 12), "a": taking(9, 0)})
    assert [row.name for row in table.rows] == ["b", "c", "a"]
    assert [row.milliseconds for row in table.rows] == pytest.approx([2, 1000, 0])


def test_a_table_as_it_is_printed():
    rows = (MethodRow("Grad-CAM", 0.81, 0.4, 0.125, 1234.5), MethodRow("saliency", 0.07, 0.33, -0.5, 0.678))
    table = MethodTable(rows, random_point=0.11, centre_point=0.725, images=9)
    assert str(table).splitlines() == [
        "method              points at it  heat inside  other class",
        "----------------------------------------------------------",
        "Grad-CAM                     81%          40%        +0.12",
        "saliency                      7%          33%        -0.50",
        "----------------------------------------------------------",
        "a random point               11%          11%",
        "the image's centre           72%",
    ]
    assert table.times().splitlines() == [
        "method    ms an image",
        "---------------------",
        "Grad-CAM      1234.50",
        "saliency         0.68",
    ]


def test_the_real_methods_get_the_classes_they_are_asked_for(model, drawn):
    at_first = partial(inspection.saliency, layer="module1_relu")
    table = compare_methods(model, drawn, methods={"slopes": at_first}, class_shift=2)
    own = inspection.saliency(model, drawn.images, class_index=drawn.labels, layer="module1_relu")
    other = inspection.saliency(model, drawn.images, class_index=(drawn.labels + 2) % 6, layer="module1_relu")
    expected = [stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(own, other, strict=True)]
    assert table["slopes"].pointing == pytest.approx(slow_pointing(own, drawn.masks))
    assert table["slopes"].other_class == pytest.approx(np.mean(expected), abs=1e-6)
    assert table["slopes"].milliseconds > 0


def test_a_network_of_other_classes_is_refused(drawn):
    other = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(4)])
    with pytest.raises(ValueError, match="tells 4 classes apart, the shapes have 6"):
        compare_methods(other, drawn)
    two = shapes.draw(2, size=16, classes=("star", "moon"))
    with pytest.raises(ValueError, match="tells 6 classes apart, the shapes have 2: star, moon"):
        compare_methods(build_cnn((16, 16, 3), 6, filters=(4,), seed=0), two)
    with pytest.raises(ValueError, match="the other class is the same"):
        compare_methods(build_cnn((16, 16, 3), 6, filters=(4,), seed=0), drawn, class_shift=6)
