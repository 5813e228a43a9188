"""`python -m bot` is `dbaccess`."""

from bot.cli import main

main()
