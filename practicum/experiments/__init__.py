"""Sweeps: many trainings, to find out what a network needs."""

from practicum.experiments.choosing import Choice, pareto_front, smallest_within
from practicum.experiments.configurations import Between, draws, grid
from practicum.experiments.fewer import fewer_images
from practicum.experiments.final import final_test
from practicum.experiments.sweeping import sweep
from practicum.experiments.table import Results, Run, read

__all__ = [
    "Between",
    "Choice",
    "Results",
    "Run",
    "draws",
    "fewer_images",
    "final_test",
    "grid",
    "pareto_front",
    "read",
    "smallest_within",
    "sweep",
]
