"""The operator for consortium chains. Each sub-package's docstring says what it is for."""
