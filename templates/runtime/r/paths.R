# Paths, and what is there.

# Gives the path without `.` and `..`, seen from a folder.
absolute <- function(path, folder) {
  path <- path.expand(path)
  if (!startsWith(path, "/")) path <- file.path(folder, path)
  steps <- character()
  for (step in native(strsplit(path, "/", fixed = TRUE, useBytes = TRUE)[[1]])) {
    if (step == "..") steps <- steps[-length(steps)]
    else if (!step %in% c("", ".")) steps <- c(steps, step)
  }
  paste0("/", paste(steps, collapse = "/"))
}

# Gives the path without links, also where there is nothing yet.
real <- function(path) {
  if (file.exists(path)) normalizePath(path, mustWork = FALSE) # there is no path of a pipe
  else if (is_link(path)) real(absolute(Sys.readlink(path), dirname(path)))
  else if (path == dirname(path)) path
  else file.path(sub("^/$", "", real(dirname(path)), useBytes = TRUE), basename(path))
}

# Tells whether two paths lead to one file or folder.
is_same <- function(one, other) file.exists(one) && file.exists(other) && real(one) == real(other)

# Tells whether this is a link, also one that leads nowhere.
is_link <- function(path) !Sys.readlink(path) %in% c(NA, "")

# Gives the current directory, or the operator's own where that has been deleted.
working_directory <- function() c(getwd(), root)[1]
