"""Weight sharing and compact files."""
