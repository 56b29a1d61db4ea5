"""Keras callbacks that change masks, weights or learning rate between steps; they work in any `fit`."""
