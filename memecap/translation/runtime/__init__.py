"""What engines run on: models on CTranslate2, and the answers of language models."""
