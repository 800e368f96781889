"""The verbs: importing a module adds its commands to `app`. Heavy imports stay inside the functions."""

import importlib
import pkgutil

import memecap.cli

for _module in pkgutil.iter_modules(memecap.cli.__path__):
    importlib.import_module(f"memecap.cli.{_module.name}")
