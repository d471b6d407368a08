"""What people read: the page, the Markdown summary, badges and the status of several runs, all made from ledgers."""
