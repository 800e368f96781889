"""The building blocks of captioners: batches, losses, language models, mappers, attention, retrieval."""
