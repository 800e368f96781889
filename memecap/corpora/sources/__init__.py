"""What the sources of captions share: tables of text, and the pictures that lie beside them."""
