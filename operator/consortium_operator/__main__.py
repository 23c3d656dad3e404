"""`python -m consortium_operator`: the operator's process."""

from consortium_operator.handlers.main import main

if __name__ == "__main__":
    main()
