"""All that a process of the bot imports, imported once for those of the tests."""

import gc

import azure.core.pipeline.policies
import pydo

import bot.cli.checking
import bot.cli.migrating
import bot.cli.revoking
import bot.cli.serving
import tests.chaos.crash_injection
import tests.chaos.frozen_process

gc.collect()
gc.freeze()  # what never changes stays shared with the processes that are forked

__all__ = ["azure", "bot", "pydo", "tests"]
