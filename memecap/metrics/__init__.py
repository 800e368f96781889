"""Metrics: hypotheses and references in, sufficient statistics of each row and scores out."""
