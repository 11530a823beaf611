"""From a game's values to vectors and back: what an interactor is made of."""
