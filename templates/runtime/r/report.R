# What kfp 2 is told of the outputs: artifacts with their metrics, and typed values. Its local runner hands on what is
# listed here only; a back end reads the numbers of metrics from here.

# A line of metrics that aren't JSON.
metrics_line <- paste0(
  "^[[:space:]]*(([^[:space:]:=][^:=]*)[[:space:]]*[:=[:space:]][[:space:]]*)?",
  "([-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?)[[:space:]]*$"
)

# Writes the report where the executor input says.
report <- function() {
  if (!any(vapply(run$outputs, function(output) output$type != "String", NA))) return()
  failed <- function(problem) say("warning: cannot report the outputs to Kubeflow: ", conditionMessage(problem))
  tryCatch(write_report(), error = failed, warning = failed)
}

write_report <- function() {
  expected <- member(run$task, "outputs")
  place <- member(expected, "outputFile")
  if (!is.character(place)) stop("it says nowhere where to", call. = FALSE)
  artifacts <- nothing_for_null(member(expected, "artifacts"))
  if (!inherits(artifacts, "json_object")) artifacts <- json_of(list())
  for (output in run$outputs) artifacts <- add_metadata(artifacts, output)
  content <- list(artifacts = artifacts)
  values <- typed_values()
  if (length(values)) content$parameterValues <- json_of(values)
  write_text(write_json(json_of(content)), place)
}

json_of <- function(items) structure(items, names = as.character(names(items)), class = "json_object")

# Gives the values of numbers and truth values that have been delivered.
typed_values <- function() {
  values <- list()
  for (output in run$outputs) if (is.character(output$text)) {
    values[[folded(output$id)]] <- json_scalar(output)
  }
  values
}

json_scalar <- function(output) {
  if (output$type == "Boolean") return(output$text == "true")
  text <- output$text
  if (output$type == "Float" && !grepl("^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$", text)) {
    text <- sprintf("%.17g", as.numeric(text))
    if (!is.finite(as.numeric(text))) return(text)
  }
  structure(text, class = "json_number")
}

# Gives an artifact of metrics its numbers.
add_metadata <- function(artifacts, output) {
  at <- match(folded(output$id), folded(names(artifacts)))
  if (!endsWith(output$type, "Metrics") || is.na(at) || !is_file(output$place)) return(artifacts)
  found <- read_metrics(output)
  if (!length(found)) say("warning: output `", output$name, "` holds no numbers that Kubeflow could show")
  entries <- member(artifacts[[at]], "artifacts")
  for (index in seq_along(entries)) entries[[index]] <- with_metadata(entries[[index]], found)
  artifacts[[at]][["artifacts"]] <- entries
  artifacts
}

with_metadata <- function(entry, found) {
  metadata <- member(entry, "metadata")
  if (!inherits(metadata, "json_object")) metadata <- json_of(list())
  for (name in names(found)) metadata[[name]] <- found[[name]]
  entry[["metadata"]] <- metadata
  entry
}

# Reads the numbers of metrics from JSON, or from lines such as `accuracy=0.93` and `accuracy: 0.93`.
read_metrics <- function(output) {
  text <- read_text(output$place)
  content <- tryCatch(parse_json(text), error = function(problem) NULL)
  if (output$type == "ClassificationMetrics") return(if (inherits(content, "json_object")) content)
  if (is.null(content)) return(metrics_of_lines(output, text))
  if (!inherits(content, "json_object")) content <- json_of(structure(list(content), names = output$id))
  Filter(function(value) inherits(value, "json_number"), unclass(content))
}

metrics_of_lines <- function(output, text) {
  lines <- strsplit(text, "[\r\n]+", useBytes = TRUE)[[1]]
  found <- list()
  for (parts in regmatches(lines, regexec(metrics_line, lines))) if (length(parts)) {
    name <- trimmed(parts[3])
    found[[if (nzchar(name)) name else output$id]] <- json_scalar(list(type = "Float", text = parts[4]))
  }
  found
}
