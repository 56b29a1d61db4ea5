"""How the names of exported files end; a SavedModel is a directory of any name."""

ENDINGS = {"savedmodel": "", "keras": ".keras", "litert": ".tflite"}
