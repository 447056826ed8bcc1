"""The books: revenue by UTC quarter hour and currency, kept as payments and disputes change.

    entries     what one payment comes to, and cells added up from such
    keeping     taken out and put in again, within the transaction that appends versions
    held        the cells as a reader holds them: sums of any range in a few look-ups
    rebuilding  made anew out of current rows, in slices beside what goes on
    verifying   compared with a recount out of current rows

A row of the table ``book_row`` says what its payment has come to, so that this can be taken out
exactly, whatever it was. The cells are at any time the sum of all those rows.
"""
