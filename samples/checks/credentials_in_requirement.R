# Names a private repository with its password.

install.packages(c("readr", "dplyr"), repos = "https://bob:hunter2pw@cran.example")
remotes::install_url("https://tok3n@r.example/mine_1.0.tar.gz")

library(readr)
library(dplyr)
url <- Sys.getenv("url", "https://bob:hunter2pw@data.example/x.csv")
