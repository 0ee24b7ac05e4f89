x <- Sys.getenv("x")
library(readr)
