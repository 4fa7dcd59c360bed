"""Data that ships: example systems."""
