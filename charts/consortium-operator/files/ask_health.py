"""What `helm test` runs: whether the operator answers, and what it says of itself."""

import sys
import urllib.error
import urllib.request

(operator,) = sys.argv[1:]
for page in ("healthz", "readyz"):
    try:
        with urllib.request.urlopen(f"{operator}/{page}", timeout=10) as answer:
            sys.stdout.write(f"{page}: {answer.read().decode()}")
    except urllib.error.HTTPError as error:
        sys.exit(f"{page}: {error.read().decode()}")
    except OSError as error:
        sys.exit(f"{page}: no answer: {error}")
