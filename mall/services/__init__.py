"""What can be done in the mall, one module per use case."""
