"""How steps become segments in buffers: what a trajectory recorder is made of."""
