"""The command line `consortium`: a module or a package for each command.

A command reads its arguments, asks, and prints. What it shows is made by a pure module beside it
(`…_view`), what all commands share is in `cluster` (with a cluster) and `printing`. Whatever is
asked of a cluster is asked with the rights of the person who typed the command.
"""
