# One file of JSON with what the outputs say that are texts and numbers, for an engine that takes no other: Airflow.

# Writes what has been delivered; an output that was never set isn't there.
collect <- function() {
  failed <- function(problem) {
    say("warning: cannot write the outputs to `", run$collected, "`: ", conditionMessage(problem))
  }
  write <- function() {
    values <- list()
    for (output in run$outputs) if (has_text(output)) values[[output$id]] <- said(output)
    write_text(write_json(json_of(values)), absolute(run$collected, run$start))
  }
  tryCatch(write(), error = failed, warning = failed)
}

# Tells whether an output is a text, a number or a truth value that the engine can hold.
has_text <- function(output) {
  if (is.character(output$text)) return(TRUE)
  if (output$type != "String" || !is_file(output$place)) return(FALSE)
  if (!is_text(output$place)) {
    say("warning: output `", output$name, "` is no text, which the engine could hold")
    return(FALSE)
  }
  TRUE
}

# Gives the value of an output as JSON holds it.
said <- function(output) if (is.character(output$text)) json_scalar(output) else read_text(output$place)
