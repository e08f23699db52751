"""Figures, and the parts of a page that move; they compute nothing that a test should see."""
