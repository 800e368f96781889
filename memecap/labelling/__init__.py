"""A teacher writes captions for pictures that have none; what passes a gate is a corpus."""
