"""Small worlds in which structure matters: memory, sets, masks and grids, each with what a flat policy sees of it."""
