"""The cheapest that is good enough, and what the seeds allow to say."""

import itertools

import numpy as np
import pytest
from test_experiments import a_run

from practicum.experiments import Results, pareto_front, smallest_within
from practicum.experiments.choosing import _interval, compared


def runs(filters, accuracies, cost, seeds=None):
    """Runs of one configuration, a seed each."""
    made = []
    for seed, accuracy in zip(seeds or range(len(accuracies)), accuracies, strict=True):
        run = a_run(seed, accuracy, filters=filters)
        made.append(run.__class__(**{**run.__dict__, "multiply_adds": cost, "parameters": 10_000 - cost}))
    return made


SMALL, MIDDLE, LARGE = (
    runs((4,), [0.70, 0.72, 0.71], 10),
    runs((8,), [0.80, 0.81, 0.79], 20),
    runs((16,), [0.805] * 3, 40),
)
RESULTS = Results((*LARGE, *SMALL, *MIDDLE))


def filters_of(choice):
    return choice.configuration["filters"], choice.best["filters"]


def test_the_cheapest_within_tolerance_not_the_best_and_not_the_cheapest():
    choice = smallest_within(RESULTS, 0.01)
    assert filters_of(choice) == ((8,), (16,))
    assert choice.loss_of_accuracy == pytest.approx(0.005)
    assert (choice.cost, choice.best_cost) == (20, 40)
    assert "50% of what the best takes" in str(choice)


@pytest.mark.parametrize(
    ("tolerance", "chosen"), [(0, (16,)), (0.004, (16,)), (0.005, (8,)), (0.0951, (4,)), (0.5, (4,))]
)
def test_what_is_chosen_grows_with_the_tolerance(tolerance, chosen):
    assert smallest_within(RESULTS, tolerance).configuration["filters"] == chosen


def test_each_cost_has_its_own_cheapest():
    assert smallest_within(RESULTS, 0.5, cost="parameters").configuration["filters"] == (16,)
    assert smallest_within(RESULTS, 0.5, cost="multiply_adds").configuration["filters"] == (4,)


def test_the_interval_is_that_of_all_ways_to_draw_the_seeds_again():
    differences = np.array([0.0, 0.01, 0.05])
    means = sorted(sum(drawn) / 3 for drawn in itertools.product(differences, repeat=3))
    assert len(means) == 27
    low, high = _interval(differences)
    assert low == pytest.approx(np.quantile(means, 0.025))
    assert high == pytest.approx(np.quantile(means, 0.975))
    many = np.random.default_rng(1).normal(0.02, 0.01, 40)
    low, high = _interval(many)
    assert high - low == pytest.approx(2 * 1.96 * many.std() / np.sqrt(40), rel=0.05), (
        "as the normal distribution has it"
    )


def test_seeds_are_paired():
    # Each seed has its own luck, which both share: only the difference counts.
    luck = np.array([-0.1, 0.0, 0.1, 0.05, -0.05])
    small, large = runs((4,), (0.7 + luck).tolist(), 10), runs((16,), (0.705 + luck).tolist(), 40)
    paired = smallest_within(Results((*small, *large)), 0.01)
    assert paired.interval == (pytest.approx(0.005), pytest.approx(0.005))
    assert paired.verdict == "yes"
    # In another order of the seeds, the same means are luck.
    mixed = runs((16,), (0.705 + luck[::-1]).tolist(), 40)
    open_ = smallest_within(Results((*small, *mixed)), 0.01)
    assert open_.loss_of_accuracy == pytest.approx(paired.loss_of_accuracy)
    assert open_.interval[1] > 0.02
    assert open_.verdict == "open"
    assert "do not tell" in str(open_)


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_seeds_are_said_to_be(count):
    some = Results(tuple(run for run in RESULTS.runs if run.seed < count))
    choice = smallest_within(some, 0.2)
    assert filters_of(choice)[0] == (4,)
    assert choice.verdict == "too few seeds"
    assert f"{count} seed{' is' if count == 1 else 's are'} too few to tell" in str(choice)
    assert "95 %" not in str(choice)


def test_a_configuration_with_fewer_seeds_than_others_is_not_compared():
    lucky = runs((32,), [0.99], 80)
    assert smallest_within(Results((*RESULTS.runs, *lucky)), 0.01).best["filters"] == (16,)
    assert len(pareto_front(Results((*RESULTS.runs, *lucky)))) == 3


def test_a_seed_that_only_some_have_had_is_left_out():
    """A sweep that was stopped in its third seed compares all configurations by the first two."""
    stopped = [run for run in RESULTS.runs if run.seed < 2]
    early = [run.__class__(**{**run.__dict__, "seed": 2, "validation_accuracy": 0.99}) for run in SMALL[:1]]
    choice = smallest_within(Results((*stopped, *early)), 0.0)
    assert filters_of(choice) == ((8,), (8,))  # as good as (16,), and cheaper
    assert choice.seeds == 2
    assert len(compared(Results((*stopped, *early)))) == len(stopped)


def test_runs_that_failed_do_not_count():
    failed = [run.__class__(**{**run.__dict__, "error": "no memory"}) for run in runs((64,), [float("nan")] * 3, 1)]
    assert filters_of(smallest_within(Results((*RESULTS.runs, *failed)), 0.01)) == ((8,), (16,))
    with pytest.raises(ValueError, match="no runs to choose from"):
        smallest_within(Results(tuple(failed)))


def test_when_none_comes_near_the_best_is_chosen():
    choice = smallest_within(Results((*SMALL, *LARGE)), 0.01)
    assert filters_of(choice) == ((16,), (16,))
    assert choice.verdict == "yes"
    assert "none cheaper comes near" in str(choice)


def test_of_equally_cheap_ones_the_better_is_chosen():
    same_cost = runs((2, 2), [0.803] * 3, 20)
    assert smallest_within(Results((*RESULTS.runs, *same_cost)), 0.01).configuration["filters"] == (2, 2)


def test_the_front_holds_what_none_beats_in_both():
    worse = runs((3, 3), [0.75] * 3, 30)
    dearer = runs((5, 5), [0.805] * 3, 50)
    found = [each["filters"] for each in pareto_front(Results((*RESULTS.runs, *worse, *dearer)))]
    assert found == [(4,), (8,), (16,)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": -0.1}, "tolerance must be from 0 up to 1"),
        ({"tolerance": 1}, "tolerance must be from 0 up to 1"),
        ({"cost": "money"}, "cost must be one of multiply_adds, parameters, seconds"),
    ],
)
def test_slips_are_answered(options, message):
    with pytest.raises(ValueError, match=message):
        smallest_within(RESULTS, **options)
