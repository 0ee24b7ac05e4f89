#' @title Installs packages in every way that c3 reads.
#'
#' Each call runs while the image is built; in a running container nothing is installed.

# apt install libcurl4-openssl-dev \
#   libxml2-dev

options(repos = c(CRAN = "https://cloud.r-project.org"))

packages <- c("readr", 'dplyr', "ggplot2")
new_packages <- packages[!(packages %in% installed.packages()[, "Package"])]
if (length(new_packages)) install.packages(new_packages)

if (!require("jsonlite")) install.packages("jsonlite", repos = "https://packagemanager.posit.co/cran/latest")
utils::install.packages(c("glue", "httr2"), quiet = TRUE)
install.packages("https://cran.r-project.org/src/contrib/Archive/logger/logger_0.2.2.tar.gz", repos = NULL)

remotes::install_github("r-lib/cli", ref = "v3.6.2")
devtools::install_github("tidyverse/stringr@main")
remotes::install_version("lubridate", version = "1.9.3")
BiocManager::install(c("limma", "edgeR"), ask = FALSE)
pak::pkg_install("r-lib/rlang")
for (package in c("data.table", "arrow")) {
  if (!requireNamespace(package, quietly = TRUE)) install.packages(package)
}
invisible(lapply(c("withr", "fs"), install.packages))
pacman::p_load(yaml, "digest")

library(readr)
suppressPackageStartupMessages({
  library(dplyr)
  library(ggplot2)
})
lapply(packages, library, character.only = TRUE)
edges <- edgeR::DGEList
stats::sd(c(1, 2))

# The file that is read
table <- read_csv(Sys.getenv("table", "data.csv")) # c3: input=File

# Its number of rows
Sys.setenv(rows = nrow(table))
