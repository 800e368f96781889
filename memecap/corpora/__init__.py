"""Corpora: anyone's files in, a corpus on disk (core/manifest.py) out."""
