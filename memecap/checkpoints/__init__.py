"""One folder of a captioner: saved, loaded, moved, pushed to the Hub, converted from others' formats."""
