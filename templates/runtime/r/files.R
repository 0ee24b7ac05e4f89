# Additional files, in a working directory that isn't the operator's own.

# Links the additional files into a working directory which isn't the operator's own.
link_files <- function() {
  if (is_same(run$start, root)) return()
  failures <- character()
  for (name in unlist(interface$files)) {
    reason <- tryCatch(link_file(file.path(root, name), file.path(run$start, name)), warning = reason_of)
    if (is.character(reason)) failures <- c(failures, paste0("`", name, "` (", reason, ")"))
  }
  if (length(failures)) say("warning: cannot link into `", run$start, "`: ", paste(failures, collapse = ", "))
}

# Gives what the system has said of a failure.
reason_of <- function(problem) native(sub(".*'([^']*)'$", "\\1", conditionMessage(problem), useBytes = TRUE))

# Links one file, unless there is one already.
link_file <- function(source, link) {
  if (file.exists(link) || is_link(link) || !file.exists(source)) return()
  make_folder(dirname(link))
  if (file.symlink(source, link)) run$links <- c(run$links, link)
  NULL
}

# Makes a folder and those above it, and remembers them.
make_folder <- function(folder) {
  if (dir.exists(folder)) return()
  make_folder(dirname(folder))
  if (dir.create(folder)) run$folders <- c(run$folders, folder)
}

# Removes links and folders that were made for additional files, except what is part of an output.
remove_links <- function() {
  places <- character()
  if (run$succeeded) for (output in run$outputs) places <- c(places, paste0(real(output$place), "/"))
  for (link in Filter(is_link, run$links)) {
    if (any(startsWith(link, places))) keep_content(link) else file.remove(link)
  }
  suppressWarnings(file.remove(rev(run$folders))) # fails where the script has put something into one
}

# Tells whether a path, however it is spelled, is a link that was made here.
is_our_link <- function(path) {
  is_link(path) && file.path(normalizePath(dirname(path)), basename(path)) %in% run$links
}

# Puts a copy of the file in the place of the link to it.
keep_content <- function(link) {
  source <- normalizePath(link)
  file.remove(link)
  copy_file(source, link)
}
