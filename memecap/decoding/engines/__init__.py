"""What runs a search: transformers' `generate`, token by token with a state, many samples side by side."""
