"""Recognisers: cut lines of text in, their words out."""
