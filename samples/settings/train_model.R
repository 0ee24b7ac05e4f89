# Fits a line to a table on the volume.

# The table.
table <- Sys.getenv("table", "data/table.csv")

data <- read.csv(table)
print(coef(lm(y ~ x, data = data)))
