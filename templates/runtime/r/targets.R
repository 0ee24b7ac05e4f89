# Where engines want the outputs.

# Makes a declared output; its target is made absolute while the working directory is still the engine's.
new_output <- function(parameter, target) {
  output <- list2env(parameter[c("name", "id", "type")])
  output$target <- absolute(target, run$start)
  output$is_folder <- endsWith(target, "/")
  output$place <- place_of(output, output$id)
  output$announced <- NA
  output
}

# Gives the path at which a file or folder of this name arrives.
place_of <- function(output, name) if (output$is_folder) file.path(output$target, name) else output$target

# Tells the script through the variable where to write.
announce <- function(output) {
  failed <- function(problem) {
    fail(paste0("cannot make the folder of output `", output$name, "`: ", conditionMessage(problem)), 1)
  }
  tryCatch(make_above(output$place), error = failed, warning = failed)
  output$announced <- output$place
  set_variable(output$name, output$place)
}
