"""Pages and pictures for people: an evaluation, a judging, where a captioner looked."""
