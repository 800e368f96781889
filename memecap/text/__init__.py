"""Text itself: its one normalisation, the grammar of quotes, tokenizers and word embeddings."""
