"""The embedded world: painted memes, a local VK server and tiny checkpoints; the whole road with no download."""
