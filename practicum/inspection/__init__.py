"""What a network has learned, and why it says what it says: numbers. practicum.plots draws them."""

from practicum.inspection.ablation import Ablation, ablate, accuracy_without
from practicum.inspection.embedding import Embedding, embedding
from practicum.inspection.filters import filters, similar_filters
from practicum.inspection.heat import grad_cam, occlusion, saliency, scores
from practicum.inspection.likeness import rank_correlation, structural_similarity
from practicum.inspection.maps import feature_maps, silent_filters
from practicum.inspection.maximisation import Maximised, maximise
from practicum.inspection.pointing import centre_point, compare_methods, heat_inside, pointing_game, random_point
from practicum.inspection.sanity import label_randomisation, model_randomisation, random_labels, randomised
from practicum.inspection.snapshots import Snapshot, Snapshots
from practicum.inspection.strongest import Strongest, strongest

__all__ = [
    "Ablation",
    "Embedding",
    "Maximised",
    "Snapshot",
    "Snapshots",
    "Strongest",
    "ablate",
    "accuracy_without",
    "centre_point",
    "compare_methods",
    "embedding",
    "feature_maps",
    "filters",
    "grad_cam",
    "heat_inside",
    "label_randomisation",
    "maximise",
    "model_randomisation",
    "occlusion",
    "pointing_game",
    "random_labels",
    "random_point",
    "randomised",
    "rank_correlation",
    "saliency",
    "scores",
    "silent_filters",
    "similar_filters",
    "strongest",
    "structural_similarity",
]
