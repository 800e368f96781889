"""Corpora: anyone's files in, a corpus on disk (manifest.py) out."""
