"""Hard samples: adversarial images, corrupted ones, and scores of how hard an example is to learn."""
