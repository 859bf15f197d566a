"""What does a person or a client see? Flask only."""
