"""Captions and references in, scores with intervals and comparisons out, as tables; no model is needed."""
