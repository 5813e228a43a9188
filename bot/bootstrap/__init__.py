"""Bootstrap: puts the components together. Nothing happens at import; nothing is decided here.

Each role imports its part: a worker loads no web server, and a web process no job queues.
"""
