#!/usr/bin/env Rscript
# Fits a line through random points and tells how good it is.
# Every way in which c3 reads the interface of an R script is here; base R is all it needs.

# How many points there are
num_points <- as.integer(Sys.getenv("num_points", 60 * 60))

# Slope of the line
slope <- as.numeric(Sys.getenv("slope", unset = "0.5"))

# Spread of the points around it
spread <- Sys.getenv("spread", 1e-1) |> as.numeric()

# Whether every step is told
verbose <- as.logical(Sys.getenv("verbose", FALSE))

title_default <- "A line"

# What stands above the report
title <- Sys.getenv(
  "title",
  unset = paste0(title_default, " through ", "points")
)

# A folder for the results; the working directory if there is none
folder <- Sys.getenv("folder", unset = NA)

# Both are needed
required <- Sys.getenv(c("experiment", "owner"))

# Never shown, since its name says that it is a secret
api_token <- Sys.getenv("api_token", "")

# Only whether it is set counts
dry_run <- nzchar(Sys.getenv("dry_run"))

# The system's, so no part of the interface
home <- Sys.getenv("HOME")

getenv <- Sys.getenv
seed <- as.integer(getenv(unset = 42L, x = "seed")) # another name and another order are all the same

set.seed(seed)
x <- seq_len(num_points)
y <- slope * x + stats::rnorm(num_points, sd = spread)
model <- stats::lm(y ~ x)
if (verbose) print(summary(model))

report <- tempfile(fileext = ".txt")
writeLines(c(title, paste(names(required), required), capture.output(print(model))), report)
if (!dry_run && !is.na(folder)) file.copy(report, folder)

# The slope that was found
Sys.setenv(found_slope = unname(stats::coef(model)[["x"]]))

Sys.setenv(
  # What was done, as text
  report = report, # c3: output=File
  # How many points were used
  `points used` = num_points
)
