"""Reading the text on a picture: pictures in, lines with boxes and confidence out."""

from memecap.reading.base import Line, Reader, Reading

__all__ = ["Line", "Reader", "Reading"]
