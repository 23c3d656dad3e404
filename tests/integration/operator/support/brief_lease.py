"""The operator with a Lease of a few seconds: tests that wait for its end are sooner through."""

from consortium_operator.handlers import main
from consortium_operator.kube.election import Terms

TERMS = Terms(duration=6, renew_within=4.0, retry=0.5)

if __name__ == "__main__":
    vars(main)["TERMS"] = TERMS
    main.main()
