"""A corpus translated: window by window through the cache and the gate, and how well an engine does it."""
