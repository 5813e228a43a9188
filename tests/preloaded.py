"""All that a process of the bot imports, imported once for those of the tests."""

import gc

import alembic.command
import alembic.context
import apscheduler.triggers.date
import azure.core.pipeline.policies
import pydo

import bot.bootstrap.probes
import bot.bootstrap.web
import bot.bootstrap.worker
import bot.cli.checking
import bot.cli.migrating
import bot.cli.revoking
import bot.cli.serving
import tests.chaos.crash_injection
import tests.chaos.frozen_process

pydo.Client("a token")  # imports the rest when the first one is made
gc.collect()
gc.freeze()  # what never changes stays shared with the processes that are forked

__all__ = ["alembic", "apscheduler", "azure", "bot", "pydo", "tests"]
