"""How a caption quotes what was read: slots for lines, marks of the layout, prompts, quotes matched to their lines."""
