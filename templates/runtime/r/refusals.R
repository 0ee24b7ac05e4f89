# What is wrong with a command line, in the words of `c3 run`.

# Ends the program for a value of the wrong type.
refuse_type <- function(parameter, value) {
  article <- if (parameter$type == "Integer") "an" else "a"
  told <- if (is_secret(parameter$name)) "what is given" else paste0("`", shown(beginning(value, 40)), "`")
  hint <- switch(parameter$type,
    Boolean = "write `true` or `false`",
    List = "write JSON such as `[1, 2]`",
    Dict = "write JSON such as `{\"key\": 1}`"
  )
  fail(paste0("parameter `", parameter$id, "` is ", article, " ", parameter$type, ", not ", told), 2, hint)
}

# Ends the program if inputs have no value that the script reads in any case; tells of others.
refuse_missing <- function(missing) {
  always <- Filter(function(parameter) parameter$required == "always", missing)
  if (length(always)) {
    what <- if (length(always) == 1) "a parameter is" else "parameters are"
    fail(paste0(what, " required: ", listed(field(always, "id"))), 2, remedy_for(always))
  }
  say("warning: no value for ", listed(field(missing, "id")), ", which the script may need")
}

listed <- function(names) paste0("`", names, "`", collapse = ", ")

# Says how values are given.
remedy_for <- function(missing) {
  secrets <- Filter(function(parameter) parameter$secret, missing)
  by_variable <- if (length(secrets)) {
    paste0("set ", listed(field(secrets, "name")), " in the environment, as secrets are taken from there")
  }
  paste(c(if (length(secrets) < length(missing)) "write `--NAME VALUE`", by_variable), collapse = "; ")
}

# Prints the help if it is asked for, else ends the program for a word that begins with dashes.
refuse_words <- function(own) {
  if (any(own %in% c("--help", "-h"))) {
    print_help()
    leave(0)
  }
  for (word in own[startsWith(own, "--")]) {
    name <- partition(word)$key
    fail(paste0("there is no parameter `", beginning(name, 40), "`"), 2, nearest(name))
  }
}

# Suggests the parameter that was meant.
nearest <- function(name) {
  plain <- function(names) chartr("-", "_", tolower(names))
  ids <- field(c(inputs, outputs), "id")
  distances <- vapply(plain(ids), distance, 0, plain(name))
  if (!any(distances <= max(1, nchar(name, "bytes") %/% 3))) return("`--help` lists the parameters")
  paste0("did you mean `--", ids[which.min(distances)], "`?")
}

# Counts the bytes to insert, delete, replace or swap to get from one word to another.
distance <- function(one, other) {
  one <- as.integer(charToRaw(one))
  other <- as.integer(charToRaw(other))
  costs <- matrix(0, length(one) + 1, length(other) + 1)
  costs[, 1] <- seq(0, length(one))
  costs[1, ] <- seq(0, length(other))
  for (row in seq_along(one)) for (column in seq_along(other)) {
    ways <- c(costs[row, column + 1] + 1, costs[row + 1, column] + 1, costs[row, column] + (one[row] != other[column]))
    is_swapped <- row > 1 && column > 1 && one[row] == other[column - 1] && one[row - 1] == other[column]
    costs[row + 1, column + 1] <- min(ways, if (is_swapped) costs[row - 1, column - 1] + 1)
  }
  costs[length(one) + 1, length(other) + 1]
}
