# What the operator is called, takes and gives.

# Forgets how a string is said to be encoded: bare bytes arrive unharmed, also invalid ones, also in the C locale.
native <- function(text) {
  Encoding(text) <- "unknown"
  text
}

interface <- NULL # put in by c3
interface <- rapply(interface, native, classes = "character", how = "replace")
inputs <- interface$inputs
outputs <- interface$outputs

# All that kfp 2 knows of a task, as JSON.
executor_input <- list(name = "executor_input", id = "executor_input", type = "String", secret = FALSE)

# How a parameter may be called on the command line; where a name is shared, ids go first, then inputs.
field <- function(parameters, key) vapply(parameters, function(parameter) parameter[[key]], "")
parameters <- c(inputs, outputs, list(executor_input))
callings <- c(field(parameters, "id"), field(parameters, "name"))

# What is to be remembered until the script has ended.
run <- new.env()
run$process <- Sys.getpid() # forked children end here too, but have nothing to deliver or clean up
run$status <- 0
run$succeeded <- run$skips_unset <- run$takes_files_only <- run$drops_line_end <- run$is_kubeflow <- FALSE
run$environment <- run$task <- NULL
run$collected <- NA_character_
run$outputs <- list()
run$links <- run$folders <- character()

# Tells whether the value of this parameter must not be shown.
is_secret <- function(name) any(vapply(inputs, function(input) input$name == name && input$secret, NA))
