"""What is done with a finished corpus: check it, look at it, export it, index the shards of an export."""
