"""Runs a captioner over a split: captions, floors and scores beside them; judging by people."""
