"""python -m memecap, and torchrun -m memecap: the same as the command memecap."""

from memecap.cli import main

main()
