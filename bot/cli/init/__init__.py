"""`dbaccess init`: asks a few questions, then writes `.env` and `dbaccess.toml`.

`command` runs it, `interview` has the questions in their order, `asking` gets the answers: from a
file, the environment, an earlier run or the terminal. Each other module knows one kind of answer.
"""
