"""Image sets in memory, splits, augmentation and the training feed."""
