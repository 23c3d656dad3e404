"""`python -m consortium_sandbox.node -c config.ini -g config.genesis`"""

import sys

from consortium_sandbox.node.main import main

sys.exit(main(sys.argv[1:]))
