"""Image encoders: upright RGB pictures in, image tokens [B N D] out."""
