"""One session with a trainer: what a communicator is made of."""
