"""Sweeps: many trainings, to find out what a network needs."""

from practicum.experiments.configurations import Between, draws, grid
from practicum.experiments.sweeping import sweep
from practicum.experiments.table import Results, Run, read

__all__ = ["Between", "Results", "Run", "draws", "grid", "read", "sweep"]
