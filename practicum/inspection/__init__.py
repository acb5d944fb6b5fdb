"""What a network has learned, and why it says what it says: numbers. practicum.plots draws them."""

from practicum.inspection.filters import filters
from practicum.inspection.heat import grad_cam, occlusion, saliency, scores
from practicum.inspection.maps import feature_maps, silent_filters

__all__ = ["feature_maps", "filters", "grad_cam", "occlusion", "saliency", "scores", "silent_filters"]
