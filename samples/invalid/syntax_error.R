# Reads its rows.
rows <- as.integer(Sys.getenv("rows", 5)

print(rows)
