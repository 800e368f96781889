"""Training in stages: a YAML in, a run folder with checkpoints out."""
