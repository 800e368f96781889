"""What stands behind `vlm`: the processor of any family, its chat as a prompt, its network, examples to show."""
