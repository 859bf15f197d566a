"""What does a recording sound like? Decoding, front end, networks, taggers, and what they hear."""
