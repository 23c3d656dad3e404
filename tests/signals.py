"""Child processes that a test sends signals to."""

# A job that a shell put in the background starts with SIGINT ignored, one under nohup with
# SIGHUP, and children inherit that. `env` becomes the program itself, so the pid is the program's.
DEFAULT_SIGNALS = ("env", "--default-signal=HUP,INT,TERM")
