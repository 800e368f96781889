"""What was read once and is kept: the words of Tesseract's passes, and the readings of a corpus."""
