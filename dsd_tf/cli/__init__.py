"""absl flags -> typed settings; the only place that knows flags."""
