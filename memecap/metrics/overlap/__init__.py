"""Where two texts meet: the n-grams they share, and the forms under which two words count as one."""
