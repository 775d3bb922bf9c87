"""Networks: recipe, training loop, checkpoints, devices, export."""
