"""Training: what compile() means, the step as a Program, the one loop of fit, evaluate and predict, and lazy logs."""
