# The help of an operator.

# Prints the name, the description, the inputs and the outputs.
print_help <- function() {
  print_line(interface$name)
  print_line(interface$description)
  if (length(inputs)) {
    cat("\nInputs: `--NAME VALUE`, `NAME=VALUE` or environment variables\n")
    for (parameter in inputs) print_parameter(parameter, traits(parameter))
  }
  if (length(outputs)) {
    cat("\nOutputs: `--NAME PATH` says where to put it\n")
    for (parameter in outputs) print_parameter(parameter, parameter$type)
  }
}

print_line <- function(...) {
  for (line in strsplit(paste0(...), "\n", fixed = TRUE, useBytes = TRUE)[[1]]) cat(shown(line), "\n", sep = "")
}

# Prints a parameter and what it is for.
print_parameter <- function(parameter, about) {
  print_line("  --", parameter$id, "  ", paste(about, collapse = ", "))
  if (length(parameter$description)) print_line("      ", parameter$description)
}

# Gives the type of an input and what becomes of it without a value.
traits <- function(parameter) {
  default <- if (!parameter$secret && parameter$required == "no") parameter$default
  c(
    parameter$type,
    if (parameter$secret) "secret",
    if (parameter$required != "no") "required",
    if (length(default)) paste0("default: ", visible(default))
  )
}
