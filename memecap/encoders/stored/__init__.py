"""Features of a frozen encoder, kept beside a corpus."""
