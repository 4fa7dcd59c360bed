"""Model to text: one module a target, the C runtime, the report."""
