"""Memory: pictures that were described before, found again by what they show, whatever text is on them now."""
