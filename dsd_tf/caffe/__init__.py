"""Caffe networks (prototxt, caffemodel) as plain functional Keras models."""
