"""SavedModel, .keras and LiteRT files that need nothing of ours to load."""
