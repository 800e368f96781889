"""Tokenizers and word embeddings."""
