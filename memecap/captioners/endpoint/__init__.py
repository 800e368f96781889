"""What a captioner behind an endpoint is made of: how it samples, asks, and what becomes of an answer."""
