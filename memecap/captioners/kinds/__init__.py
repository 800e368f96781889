"""What captioners of one kind share: the recurrent ones, and those whose language side is a GPT."""
