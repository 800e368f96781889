"""A source of captions → a corpus in a folder: items gathered, pictures looked at, groups and splits given, copied."""
