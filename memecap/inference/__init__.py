"""From a picture to a caption: one pipeline, with its reader, search, ranking, precision and device; what it costs."""
