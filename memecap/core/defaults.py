"""The parts that are taken where none is named."""

READER = "auto"  # reading/auto.py
MODEL = "template"  # captioners/template.py: describes without training
