"""The records of calls: written as the call happens, kept whatever fails, and read again."""
