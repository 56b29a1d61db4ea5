"""What makes a Keras model sparse while it trains: masked optimizers, callbacks, objectives, strategies."""
