"""The trainer side of learning-bridge: receives experience, trains, returns weights."""
