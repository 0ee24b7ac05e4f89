# Parameters: from arguments, from Kubeflow, or else from the environment.

# Words for truth values, of which `as.logical` knows only some.
booleans <- c("TRUE" = "true|1|yes|on|y|t", "FALSE" = "false|0|no|off|n|f")
any_boolean <- paste(booleans, collapse = "|")

# Types of values, where others are paths.
value_types <- c("String", "Integer", "Float", "Boolean", "List", "Dict")

# Tells whether a whole text is of this form, whatever bytes it has.
matches <- function(text, form) grepl(paste0("^(", form, ")$"), text, ignore.case = TRUE, useBytes = TRUE)

# Drops white space around a text.
trimmed <- function(text) native(gsub("^[[:space:]]+|[[:space:]]+$", "", text, useBytes = TRUE))

# Splits an argument into its key and the value after the first `=`, which may be missing.
partition <- function(argument) {
  dashed <- startsWith(argument, "--")
  bytes <- charToRaw(argument)
  if (dashed) bytes <- bytes[-(1:2)]
  equals <- which(bytes == charToRaw("="))[1]
  if (is.na(equals)) return(list(dashed = dashed, key = rawToChar(bytes)))
  list(dashed = dashed, key = rawToChar(bytes[seq_len(equals - 1)]), value = rawToChar(bytes[-seq_len(equals)]))
}

# Gives the parameter an argument is for, or nothing.
find_parameter <- function(argument) {
  at <- match(argument$key, callings)
  if (is.na(at) || !argument$dashed && is.null(argument$value)) return(NULL)
  parameters[[(at - 1) %% length(parameters) + 1]]
}

# Takes a command line apart: the values of parameters, optional arguments that no back end of Kubeflow has resolved,
# and the script's own words.
take_parameters <- function(waiting) {
  words <- new.env()
  words$taken <- list()
  words$conditional <- words$own <- character()
  if (interface$skips_dashes && identical(waiting[1], "--")) waiting <- waiting[-1]
  while (length(waiting) && waiting[1] != "--") waiting <- take_word(words, waiting)
  words$own <- c(words$own, waiting)
  words
}

# Takes the first word, and the one behind it if that is its value; gives those that are left.
take_word <- function(words, waiting) {
  word <- waiting[1]
  argument <- partition(word)
  parameter <- if (!is_conditional(word)) find_parameter(argument)
  has_next <- !is.null(parameter) && is.null(argument$value) && !is_flag(parameter, waiting[-1])
  value <- if (has_next) waiting[2] else if (is.null(argument$value)) "true" else argument$value
  if (is_conditional(word)) words$conditional <- c(words$conditional, word)
  else if (is.null(parameter)) words$own <- c(words$own, word)
  else take_value(words, parameter, value)
  waiting[-seq_len(1 + has_next)]
}

# Takes the value of a parameter, if it is one.
take_value <- function(words, parameter, value) {
  if (is_conditional(value)) words$conditional <- c(words$conditional, value)
  else if (is_given(parameter, value) || parameter$id == executor_input$id) {
    words$taken <- c(words$taken, list(list(parameter = parameter, value = value)))
  }
}

# Tells an optional argument as back ends of Kubeflow before 2.17.0, and Vertex AI, hand it on.
is_conditional <- function(word) startsWith(word, "{\"IfPresent\"")

# Tells a flag from a parameter whose value is the next argument, without which the program ends.
is_flag <- function(parameter, waiting) {
  if (parameter$type == "Boolean") return(!length(waiting) || !is_boolean(parameter, waiting[1]))
  if (!length(waiting)) {
    fail(paste0("parameter `", parameter$id, "` has no value"), 2, paste0("write `--", parameter$id, " VALUE`"))
  }
  FALSE
}

# Tells the value of a flag from an argument of the script's own.
is_boolean <- function(parameter, text) {
  matches(trimmed(text), any_boolean) || !is_given(parameter, text) || is_conditional(text)
}

# Tells a value from what engines pass for a parameter that has none.
is_given <- function(parameter, value) {
  if (is.na(value) || value == "null" || is_placeholder(value)) return(FALSE)
  if (value != "") return(TRUE)
  is_output <- is.null(parameter$secret)
  if (is_output || parameter$type %in% value_types[-1]) return(FALSE)
  parameter$type != "String" || !parameter$secret
}

# Tells whether an engine has left its own placeholder where a value should be.
is_placeholder <- function(value) {
  startsWith(value, "{{") && endsWith(value, "}}") &&
    length(gregexpr("{{", value, fixed = TRUE, useBytes = TRUE)[[1]]) == 1
}

# Gives the spelling of a value that the script's `as.logical`, `as.integer` or `as.numeric` understands.
normalise <- function(type, value) {
  if (type == "Boolean") for (word in names(booleans)) if (matches(trimmed(value), booleans[word])) return(word)
  if (type == "Integer" && matches(value, "[+-]?[0-9_]+[.]0+")) value <- sub("[.].*", "", value)
  if (type %in% c("Integer", "Float") && matches(value, ".*[0-9]_[0-9].*")) value <- gsub("_", "", value, fixed = TRUE)
  value
}

# Tells whether a normalised value is one of its type.
fits <- function(type, value) {
  switch(type,
    Integer = matches(trimmed(value), "[+-]?[0-9]+"),
    Float = matches(trimmed(value), "[+-]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)"),
    Boolean = value %in% names(booleans),
    List = is_collection(value, "["),
    Dict = is_collection(value, "{"),
    TRUE
  )
}

# Tells whether a text is JSON that begins with a bracket.
is_collection <- function(value, bracket) {
  startsWith(trimmed(value), bracket) && !inherits(try(parse_json(value), silent = TRUE), "try-error")
}

# Puts the value of an input into the environment, or leaves the script to its own default; tells whether it has one.
set_input <- function(parameter, argument) {
  value <- if (is.na(argument)) variable(parameter$name) else argument
  given <- is_given(parameter, value)
  if (given) {
    text <- normalise(parameter$type, value)
    if (!fits(parameter$type, text)) refuse_type(parameter, value)
    if (!identical(text, present(parameter$name))) set_variable(parameter$name, text)
  } else {
    Sys.unsetenv(parameter$name)
  }
  given
}

# Notes where an output is to be delivered, and tells the script if it wants to know.
set_output <- function(parameter, target) {
  shared <- parameter$name %in% field(inputs, "name") # then the variable is the input's
  if (is.na(target) && !shared) target <- take_variable(parameter$name)
  if (!is_given(parameter, target)) return()
  output <- new_output(parameter, target)
  run$outputs <- c(run$outputs, output)
  if (parameter$read && !shared) announce(output)
}

# Settles all inputs and outputs: arguments go before the executor input, and that before the environment.
set_parameters <- function(words) {
  texts <- take_variable("C3_TEXT_OUTPUTS")
  run$takes_files_only <- texts %in% c("file", "line")
  run$drops_line_end <- texts %in% "line" # the engine, Argo, takes a line end off the end of a text
  run$skips_unset <- identical(take_variable("C3_UNSET_OUTPUTS"), "skip") # what the engine wants is not the script's
  run$collected <- take_variable("C3_COLLECTED_OUTPUTS") # the file in which the engine wants all texts
  given <- character()
  for (one in words$taken) given[[one$parameter$id]] <- one$value
  task <- given["executor_input"]
  given <- given[names(given) != "executor_input"]
  run$is_kubeflow <- !is.na(task) || length(words$conditional) > 0
  if (run$is_kubeflow) given <- add_values(given, task, words$conditional)
  has_value <- vapply(inputs, function(parameter) set_input(parameter, given[parameter$id]), NA)
  missing <- Filter(function(parameter) parameter$required != "no", inputs[!has_value])
  if (length(missing)) refuse_missing(missing)
  for (parameter in outputs) set_output(parameter, given[parameter$id])
}

# Answers `--help` and words that are meant for nobody, unless the script reads its command line itself.
check_words <- function(own) {
  own <- own[seq_len(match("--", own, length(own) + 1) - 1)]
  if (!interface$own_arguments && any(startsWith(own, "--") | own == "-h")) refuse_words(own)
}
