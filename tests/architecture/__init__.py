"""The gates: what keeps the code in the shape that the architecture asks for."""
