"""`memecap serve`: the page and the API, over the same pipelines as every other way to a caption."""
