"""What the words mean: metamodels, the dataclasses that mirror them, and the mapper between both."""
