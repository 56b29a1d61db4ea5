"""The library face for Keras users, with the names and semantics of TFMOT."""
