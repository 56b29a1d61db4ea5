"""Networks as plain functional Keras models, one file per family."""
