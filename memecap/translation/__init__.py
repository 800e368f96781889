"""Translation of captions into Russian: engines by name, a cache, a quality gate, corpus in → corpus out."""

from memecap.translation.corpus.translate import Summary, translate_corpus

__all__ = ["Summary", "translate_corpus"]
