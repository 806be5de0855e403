"""The argument of a finding: what speaks for it and against it, and the bytes it rests on.

`subjects` picks what is asked about out of events; `argument`, `innocent`, `unseen` and `settle`
make statements of it, which know neither a language nor a screen; `quotes` reads the quoted
packets anew; `account` puts it together, and `writing` writes it down.
"""
