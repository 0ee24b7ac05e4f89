# The environment as the engine has made it. R's own start is a shell script that overwrites some variables, and `sh`
# drops those whose names are no identifiers.

# Reads a variable of this process, `NA` where there is none.
present <- function(name) Sys.getenv(name, unset = NA, names = FALSE)

# Reads a variable as the engine has set it.
variable <- function(name) {
  if (is.null(run$environment)) return(present(name))
  run$environment$values[match(name, run$environment$names)]
}

# Reads a variable and removes it.
take_variable <- function(name) {
  value <- variable(name)
  Sys.unsetenv(name)
  value
}

# Sets a variable.
set_variable <- function(name, value) do.call(Sys.setenv, structure(list(value), names = name))

# Finds out what the engine has set, from the shell that waits for R.
read_environment <- function() {
  parent <- take_variable("C3_PARENT")
  nothing <- function(problem) NULL
  run$environment <- tryCatch(if (is_parent(parent)) environment_of(parent), error = nothing, warning = nothing)
  restore_dropped()
}

# Tells whether this is the process that has started R, and not one of a namespace beyond.
is_parent <- function(process) paste0("PPid:\t", process) %in% readLines("/proc/self/status", 12)

# Reads the variables that a process has been started with.
environment_of <- function(process) {
  stream <- file(paste0("/proc/", process, "/environ"), "rb", raw = TRUE)
  on.exit(close(stream))
  bytes <- raw()
  while (length(chunk <- readBin(stream, raw(), 2^16))) bytes <- c(bytes, chunk)
  ends <- which(bytes == 0)
  starts <- c(1, ends + 1)
  entries <- vapply(seq_along(ends), function(at) {
    if (ends[at] > starts[at]) rawToChar(bytes[starts[at]:(ends[at] - 1)]) else ""
  }, "")
  equals <- regexpr("=", entries, fixed = TRUE, useBytes = TRUE)
  Encoding(entries) <- "bytes" # to count bytes
  list(names = native(substr(entries, 1, equals - 1)), values = native(substring(entries, equals + 1)))
}

# Sets what only `sh` has dropped.
restore_dropped <- function() {
  names <- run$environment$names
  for (at in grep("^[A-Za-z_][A-Za-z0-9_]*$|^$", names, invert = TRUE, useBytes = TRUE)) {
    if (is.na(present(names[at]))) set_variable(names[at], run$environment$values[at])
  }
}

# Lets `Sys.getenv("x", NULL)` give `NULL` where there is no such variable, which R itself refuses.
allow_null <- function() {
  original <- body(Sys.getenv)
  changed <- Sys.getenv
  body(changed) <- bquote({
    if (is.null(unset) && length(x) == 1L) {
      unset <- NA_character_
      if (is.na(.Internal(Sys.getenv(as.character(x), unset)))) return(NULL)
    }
    .(original)
  })
  override("Sys.getenv", changed)
}

# Names the user where the system doesn't know one, as on OpenShift.
name_user <- function() {
  names <- c("USER", "LOGNAME")
  missing <- is.na(Sys.getenv(names, NA))
  if (!any(missing) || Sys.info()[["user"]] != "unknown") return()
  name <- c(Sys.getenv(names)[!missing], "user")[1]
  for (unset in names[missing]) set_variable(unset, name)
}
