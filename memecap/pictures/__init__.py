"""Single pictures: opened safely, checked as they come from the network, hashed."""
