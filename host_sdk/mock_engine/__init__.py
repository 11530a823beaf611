"""A small engine with a real world, for the demo, the tests and the benches."""
