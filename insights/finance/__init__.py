"""Finance's pages in admin: what is outstanding, day by day, and the button that closes a day.

pages     the overview of a month, and the page of one day
tables    the figures as header and rows: for the pages and for export
charts    the pictures' data
exports   CSV and XLSX
"""
