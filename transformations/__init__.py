"""Model to model: one sub-package a stage."""
