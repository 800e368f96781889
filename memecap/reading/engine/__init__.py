"""From pixels to lines: looks, Tesseract's passes, their merge and repair, reading order, confidence, roles."""
