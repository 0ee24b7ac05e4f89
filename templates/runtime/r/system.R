# Commands of the system, for what R can't do.

# Quotes words for the shell, whatever bytes they have.
quoted <- function(words) paste0("'", native(gsub("'", "'\\''", words, fixed = TRUE, useBytes = TRUE)), "'")

# Writes a temporary file, in a folder that a child of the script may have removed.
temporary <- function(text) {
  file <- tempfile("c3-", tempdir(check = TRUE))
  writeBin(charToRaw(text), file)
  file
}

# Runs lines in a shell of its own; from a file, as an argument may not be long enough for them.
shell <- function(lines, ...) {
  file <- temporary(paste0(lines, "\n", collapse = ""))
  on.exit(unlink(file, expand = FALSE))
  suppressWarnings(system(paste("sh", quoted(file)), ...))
}

# Tells files from devices, pipes and sockets, which have no size; R itself can't.
is_file <- function(paths) {
  files <- file.exists(paths) & !dir.exists(paths)
  empty <- files & file.size(paths) %in% 0
  if (any(empty)) {
    lines <- paste("test -f", quoted(absolutes(paths[empty])), "&& echo file || echo other")
    files[empty] <- shell(lines, intern = TRUE) == "file"
  }
  files
}

# Spells paths so that none is taken for an option.
absolutes <- function(paths) vapply(paths, absolute, "", working_directory())
