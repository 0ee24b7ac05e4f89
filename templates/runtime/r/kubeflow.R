# Values that back ends of Kubeflow hand on in another way than by arguments.
#
# kfp 2 fills the placeholder of the executor input with all that it knows of a task, as JSON. Back ends before 2.17.0,
# and Vertex AI, don't resolve optional arguments but pass each as one word of JSON, filled in without any escaping.

# Kubeflow takes no more for all values of a run or a task, in bytes of JSON.
limit <- 131071

# Where kfp's own programs see what is in an object store.
mounts <- c("gs://" = "/gcs/", "minio://" = "/minio/", "s3://" = "/s3/")

# Adds the values of inputs that have none by an argument.
add_values <- function(given, text, conditional) {
  has_text <- is_given(executor_input, text) && text != ""
  if (has_text) run$task <- read_task(text)
  found <- if (is.null(run$task)) conditional_values(conditional) else task_values(run$task)
  for (parameter in inputs) {
    value <- found[parameter$id]
    is_new <- is.na(given[parameter$id]) && is_given(parameter, value) && !is_default(parameter, value)
    if (is_new) given[[parameter$id]] <- value
  }
  if (has_text && is.null(run$task)) say_unreadable(text, given)
  given
}

# Tells that the executor input can't be read, which a value with placeholders of Kubeflow brings about.
say_unreadable <- function(text, given) {
  is_long <- nchar(text, "bytes") >= limit - 100
  why <- if (is_long) paste0("; Kubeflow takes at most ", limit, " bytes for all values of a task")
  is_lost <- vapply(inputs, function(parameter) is_optional_file(parameter) && is.na(given[parameter$id]), NA)
  if (any(is_lost)) {
    names <- paste0("`", field(inputs[is_lost], "id"), "`", collapse = ", ")
    fail(paste0("cannot read Kubeflow's executor input, the only way by which ", names, " can arrive", why), 1)
  }
  say("warning: cannot read Kubeflow's executor input, arguments hold", why)
}

# Tells an optional file, which some back ends hand on in the executor input only.
is_optional_file <- function(parameter) {
  parameter$required == "no" && !parameter$type %in% value_types
}

# Gives names as kfp 2 spells them.
folded <- function(names) gsub("^_+|_+$", "", tolower(names), useBytes = TRUE)

# Reads the executor input, or gives nothing; values that are filled in raw can make it no JSON, or forge fields of it.
read_task <- function(text) {
  task <- tryCatch(parse_json(text), error = function(problem) NULL)
  if (!inherits(task, "json_object")) return(NULL)
  inputs_of_task <- nothing_for_null(member(task, "inputs"))
  parts <- lapply(c("parameterValues", "artifacts"), function(key) nothing_for_null(member(inputs_of_task, key)))
  if (!is_object(inputs_of_task) || !all(vapply(parts, is_object, NA))) return(NULL)
  names <- unlist(lapply(parts, names))
  if (!all(folded(names) %in% folded(field(inputs, "id")))) return(NULL)
  task
}

nothing_for_null <- function(value) if (is.logical(value) && is.na(value[1])) NULL else value

# Gives the values of inputs, and the paths of their files, by the ids of inputs.
task_values <- function(task) {
  inputs_of_task <- member(task, "inputs")
  value_of_input <- function(parameter) {
    value <- folded_member(member(inputs_of_task, "parameterValues"), parameter$id)
    if (!is.null(value)) as_text(parameter, value)
    else artifact_path(folded_member(member(inputs_of_task, "artifacts"), parameter$id))
  }
  structure(vapply(inputs, value_of_input, ""), names = field(inputs, "id"))
}

# Gives the member of an object whose name is this one, as kfp 2 spells it.
folded_member <- function(object, id) {
  at <- match(folded(id), folded(names(object)))
  if (is.na(at)) NULL else unclass(object)[[at]]
}

# Gives a value of JSON as it would stand in the environment.
as_text <- function(parameter, value) {
  if (is.logical(value)) return(c("True", "False", NA)[match(value, c(TRUE, FALSE, NA))])
  if (inherits(value, "json_number")) return(number_text(parameter, unclass(value)))
  if (is.list(value)) write_json(value) else value
}

# Gives the text of a number; whole ones that Kubeflow, which knows only floats, writes as such become integers again.
number_text <- function(parameter, text) {
  if (parameter$type != "Integer" || matches(text, "-?[0-9]+")) return(text)
  number <- as.numeric(text)
  if (is.finite(number) && number == trunc(number)) sprintf("%.0f", number) else text
}

# Gives the path at which an artifact stands in the container.
artifact_path <- function(artifact) {
  list <- member(artifact, "artifacts")
  first <- if (is.list(list) && length(list)) list[[1]]
  places <- Filter(is_text_of_json, list(member(first, "customPath"), member(first, "uri")))
  if (!length(places)) return(NA_character_)
  place <- places[[1]]
  scheme <- names(mounts)[startsWith(place, names(mounts))]
  if (length(scheme)) return(sub(scheme, mounts[[scheme]], place, fixed = TRUE))
  if (!startsWith(place, "oci://")) return(place)
  paste0("/oci/", gsub("/", "_", sub("oci://", "", place, fixed = TRUE), fixed = TRUE), "/models")
}

is_text_of_json <- function(value) is.character(value) && !inherits(value, "json_number") && nzchar(value)

# Tells whether a value is the default, as Kubeflow alters it: then the script's own holds.
is_default <- function(parameter, value) {
  if (is.null(parameter$default)) return(FALSE)
  default <- native(gsub("$$", "$", parameter$default, fixed = TRUE, useBytes = TRUE))
  if (parameter$type %in% c("List", "Dict")) return(identical(native(value), default) || is_same_json(value, default))
  spelled <- normalise(parameter$type, c(value))
  other <- normalise(parameter$type, default)
  if (parameter$type %in% c("Integer", "Float") && fits(parameter$type, spelled) && fits(parameter$type, other)) {
    return(isTRUE(as.numeric(spelled) == as.numeric(other)))
  }
  identical(unname(spelled), other)
}

# Tells whether two texts are the same JSON, but for white space and how numbers are written.
is_same_json <- function(one, other) {
  plain <- function(text) gsub("([0-9])[.]0+([],}])", "\\1\\2", paste(json_tokens(text), collapse = ""))
  isTRUE(try(plain(one) == plain(other), silent = TRUE))
}

# Gives the values of optional arguments that no back end has resolved, by the ids of inputs.
conditional_values <- function(conditional) {
  values <- character()
  for (argument in conditional) {
    parameter <- conditional_input(argument)
    values[[parameter$id]] <- conditional_value(parameter, argument)
  }
  values
}

# Gives the input that such an argument is for.
conditional_input <- function(argument) {
  found <- regmatches(argument, regexec("\"InputName\":[[:space:]]*\"([^\"\\]*)\"", argument, useBytes = TRUE))[[1]]
  for (parameter in inputs) if (identical(folded(parameter$id), folded(found[2]))) return(parameter)
  fail("cannot read an optional argument of Kubeflow: its input is unknown", 1)
}

# Gives the value of `{"IfPresent": {"InputName": ..., "Then": ["--x", "value"]}}`.
conditional_value <- function(parameter, argument) {
  condition <- tryCatch(member(parse_json(argument), "IfPresent"), error = function(problem) NULL)
  then <- member(condition, "Then")
  name <- member(condition, "InputName")
  is_sound <- is.character(name) && identical(folded(name), folded(parameter$id)) && is.list(then) &&
    length(then) == 2 && identical(then[[1]], paste0("--", parameter$id))
  value <- if (is_sound) as_text(parameter, then[[2]])
  if (!is.null(value)) return(value)
  fail(paste0("cannot read the value of input `", parameter$id, "` from the argument that Kubeflow passed"), 1)
}
