# The delivery of outputs.

numbers <- c("Integer", "Float", "Boolean")
metrics <- c("Metrics", "ClassificationMetrics")

# What may hold data that is yet to be written; to wait for a pipe or a socket could take for ever.
buffered <- c("file", "gzfile", "bzfile", "xzfile", "zstdfile", "gzcon")

# Delivers an output, with a line end where the engine takes one off.
deliver_whole <- function(output) {
  deliver(output)
  is_text <- output$type %in% c("String", numbers)
  if (run$drops_line_end && is_text && is_file(output$place)) cat("\n", file = output$place, append = TRUE)
}

# Brings what the variable names, or else its text, to the target.
deliver <- function(output) {
  value <- present(output$name)
  if (is.na(value)) value <- output$announced
  if (output$type %in% numbers) return(deliver_number(output, value))
  source <- find(value)
  if (!is.null(source)) deliver_path(output, source, value)
  else if (identical(value, output$announced)) deliver_nothing(output)
  else deliver_text(output, value)
}

# Delivers a number or a truth value, which may stand in a file.
deliver_number <- function(output, value) {
  if (identical(value, output$announced)) value <- if (!is.na(value) && is_file(value)) read_text(value) else NA
  if (is.na(value)) return(miss_number(output))
  output$text <- plain_number(output$type, value)
  if (is.na(output$text)) refuse(output, "is no ", output$type, ": `", value_of(output, value), "`")
  write_text(output$text, output$place)
}

# Gives a number or a truth value as Kubeflow spells it, `NA` where it is none.
plain_number <- function(type, value) {
  plain <- normalise(type, trimmed(value))
  if (!fits(type, plain)) return(NA)
  switch(type, Boolean = tolower(plain), Integer = plain_integer(plain), plain)
}

# Gives an integer without leading zeros and plus.
plain_integer <- function(text) sub("^-0$", "0", sub("^(-?)0+([0-9])", "\\1\\2", sub("+", "", text, fixed = TRUE)))

# Deals with a number that was never set, which has no empty form.
miss_number <- function(output) {
  if (run$is_kubeflow) refuse(output, "was never set, and Kubeflow takes no empty ", output$type)
  if (!run$skips_unset) say("warning: output `", output$name, "` was never set, nothing is delivered")
}

# Delivers an output that was never set: an engine may insist on a file.
deliver_nothing <- function(output) {
  if (!is.na(output$announced) && file.exists(output$announced)) return() # it is a device or a pipe
  if (run$skips_unset) return()
  say("warning: output `", output$name, "` was never set, it is delivered empty")
  if (!dir.exists(output$place)) write_text("", output$place)
}

# Delivers the value itself.
deliver_text <- function(output, text) {
  if (!output$type %in% c("String", metrics)) {
    refuse(output, "names no file or folder: `", value_of(output, text), "`")
  }
  write_text(text, output$place)
}

# Delivers a file or folder of the script's, which may be where it belongs already.
deliver_path <- function(output, source, value) {
  is_folder <- dir.exists(source)
  if (is_folder && output$type == "File") refuse(output, "is a folder; ", remedy("Directory"))
  if (output$type == "String" && is_beyond(output, source, is_folder)) return(deliver_name(output, source, value))
  name <- basename(absolute(source, working_directory()))
  output$place <- place_of(output, if (nzchar(name)) name else output$id)
  if (!is_our_link(output$place) && is_same(source, output$place)) return()
  source <- normalizePath(source) # at once, as it may lead through a link that is to be replaced
  if (is_folder) copy_folder(source, output$place) else copy_file(source, output$place)
}

# Tells whether the engine can't hold what a text output names, and says so.
is_beyond <- function(output, source, is_folder) {
  if (is_folder && (run$is_kubeflow || run$takes_files_only)) {
    say("warning: output `", output$name, "` is a folder, its path is delivered; ", remedy("Directory"))
    return(TRUE)
  }
  is_binary <- !is_folder && (run$is_kubeflow || run$drops_line_end) && !is_text(source)
  if (is_binary) say("warning: output `", output$name, "` is a binary file, its path is delivered; ", remedy("File"))
  is_binary
}

# Delivers a path as text; what stands where the text belongs makes room.
deliver_name <- function(output, source, value) {
  if (is_same(source, output$place)) {
    value <- paste0(output$place, ".content")
    file.rename(source, value)
  }
  write_text(value, output$place)
}

# Gives up an output that can't be delivered as what it is declared to be.
refuse <- function(output, ...) {
  message <- paste0("error: output `", output$name, "` ", ...)
  stop(structure(class = c("refusal", "error", "condition"), list(message = message, call = NULL)))
}

# Names the directive that declares an output.
remedy <- function(wanted) paste0("write `# c3: output=", wanted, "` at the end of the line that sets it")

# Says what helps where Kubeflow's local runner doesn't let the operator write.
say_hint <- function(problem) {
  is_denied <- grepl("Permission denied", conditionMessage(problem), fixed = TRUE, useBytes = TRUE)
  if (run$is_kubeflow && is_denied) {
    say("hint: give kfp's local runner a user that may write there: `DockerRunner(user='0')`")
  }
}

# Gives the value as a message may show it.
value_of <- function(output, text) if (is_secret(output$name)) "***" else shown(text)

# Finds the file or folder a value names, seen from the present or from the first working directory.
find <- function(value) {
  if (is.na(value) || value == "" || nchar(value, "bytes") > 4000) return(NULL) # that is longer than a path may be
  for (path in c(value, file.path(run$start, value))) if (dir.exists(path) || is_file(path)) return(path)
  NULL
}

# Writes out what the script has left open, as R does only later or never.
flush_files <- function() {
  while (sink.number() > 0) sink()
  if (isNamespaceLoaded("grDevices")) try(getExportedValue("grDevices", "graphics.off")(), silent = TRUE)
  connections <- showConnections()
  for (number in rownames(connections)[connections[, "class"] %in% buffered]) {
    try(close(getConnection(as.integer(number))), silent = TRUE)
  }
}
