# Downloads while it runs.
install.packages(c("httr", "readr", "GEOquery"))
library(readr)

download.file("https://example.org/data.csv", "data.csv")
table <- read_csv(file = "https://example.org/table.csv")
httr::GET("https://example.org/model.bin")
series <- GEOquery::getGEO("GSE2553")

# What the user names is the user's to know.
other <- read_csv(Sys.getenv("url"))
local <- readLines("http://localhost:8080/status")
