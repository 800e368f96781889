"""Captioners: pictures and their readings in, captions out."""
