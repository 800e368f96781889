"""How captions are chosen from a captioner's scores: a file is a way to search; `engines/` run the searches."""
