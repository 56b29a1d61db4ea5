"""What a network's units and a ladder's curve tell: entropy, sparse double descent, stop rules."""
