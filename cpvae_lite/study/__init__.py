"""The paper's experiments: its runs, what they left, the tables made from it, and the verdicts on its sentences."""
