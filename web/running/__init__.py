"""What surrounds every answer: health, measurements, the log, freshness, limits; no view knows of it."""
