"""What insights adds to the template language."""
