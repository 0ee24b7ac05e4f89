# The end of the script, and of the process.

# Ends the process at once with this exit code.
leave <- function(status) .Internal(quit("no", status, FALSE))

# Ends the program before the script runs.
fail <- function(message, status, hint = NULL) {
  say("error: ", message)
  if (length(hint)) say("hint: ", hint)
  leave(status)
}

# Does a part of the last work, whatever comes in between; gives the exit code.
attempt <- function(work, complaint = "error: cannot clean up: ") {
  failed <- function(problem) {
    say(if (!inherits(problem, "refusal")) complaint, conditionMessage(problem))
    say_hint(problem)
    1
  }
  finished <- function() {
    work
    0
  }
  tryCatch(finished(), error = failed, warning = failed, interrupt = function(signal) 130)
}

# Puts something else in the place of what a locked environment holds.
override <- function(name, value, place = baseenv()) {
  unlockBinding(name, place)
  assign(name, value, envir = place)
  lockBinding(name, place)
}

# Lets a call of `quit` tell the exit code beforehand; R itself tells nobody.
watch_quit <- function() {
  quit <- function(save = "default", status = 0, runLast = TRUE) {
    list(save, status, runLast) # here and not later, so that an error in one of them is shown as R does
    on.exit(note_end(0, TRUE)) # R has found fault with an argument, and the script may go on
    note_end(status, runLast)
    .Internal(quit(save, status, runLast))
  }
  override("quit", quit)
  override("q", quit)
}

# Notes how the script means to end; only where `.Last` isn't run that is decided by now.
note_end <- function(status, runLast) {
  status <- suppressWarnings(tryCatch(as.integer(status)[1], error = function(problem) NA))
  run$status <- if (is.na(status)) 0 else status %% 256
  run$succeeded <- run$status == 0 && !isTRUE(as.logical(runLast)[1])
}

# Lets R tell of a script that ends without an error; what base has locked out, R finds in the environments after it.
watch_end <- function() {
  assign(".Last.sys", function() run$succeeded <- run$status == 0, envir = as.environment("Autoloads"))
}

# Delivers the outputs and cleans up; of all that R runs at the end the last.
finish <- function(...) {
  if (Sys.getpid() != run$process || !length(run$outputs) && !length(run$links) && !length(run$folders)) return()
  setTimeLimit() # the script's limits are not ours
  setSessionTimeLimit()
  options(expressions = 5000)
  sink(type = "message")
  status <- attempt_delivery()
  if (length(run$links) || length(run$folders)) status <- max(status, attempt(remove_links()))
  if (status && run$succeeded) leave(status) # a script that failed has an exit code already
}

# Delivers every output that can be, if the script has succeeded, and gives the exit code.
attempt_delivery <- function() {
  if (!run$succeeded || !length(run$outputs)) return(0)
  attempt(flush_files())
  Sys.umask("022") # the engine may read as another user
  status <- max(vapply(run$outputs, attempt_output, 0))
  if (!is.null(run$task)) report()
  if (!is.na(run$collected)) collect()
  status
}

# Delivers one output, or says why not; gives the exit code.
attempt_output <- function(output) {
  attempt(deliver_whole(output), paste0("error: cannot deliver output `", output$name, "` to `", output$place, "`: "))
}
