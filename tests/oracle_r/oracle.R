# The uses of the environment in R scripts, as R's own parser and evaluator see them: `Rscript oracle.R LIST`, where LIST
# has the path of a script in each line. For each script one line of JSON. Written from the specification alone.

FORMALS <- list(
  Sys.getenv = function(x = NULL, unset = "", names = NA) NULL,
  install.packages = utils::install.packages
)
CASTS <- c(as.numeric = "Float", as.double = "Float", as.integer = "Integer", as.logical = "Boolean", as.character = "String")
# Functions of which constants may be made.
PURE <- c(
  "c", "paste", "paste0", "file.path", names(CASTS), "(", "+", "-", "*", "/", "^", "%%", "%/%", "!"
)
CONSTANTS <- new.env(parent = emptyenv())

quoted <- function(text) {
  if (is.null(text) || length(text) == 0 || is.na(text)) return("null")
  codes <- utf8ToInt(enc2utf8(text))
  if (anyNA(codes)) return("null")
  special <- codes < 32 | codes %in% c(34, 92, 127) | codes > 126
  parts <- character(length(codes))
  parts[!special] <- vapply(codes[!special], intToUtf8, "")
  wide <- special & codes > 0xffff
  parts[special & !wide] <- sprintf("\\u%04x", codes[special & !wide])
  rest <- codes[wide] - 0x10000
  parts[wide] <- sprintf("\\u%04x\\u%04x", 0xd800 + rest %/% 0x400, 0xdc00 + rest %% 0x400)
  paste0('"', paste(parts, collapse = ""), '"')
}

# The parts of a call without those left empty, as in `x[1, ]`.
parts_of <- function(expression) {
  empty <- vapply(seq_along(expression), function(at) identical(expression[[at]], quote(expr = )), NA)
  as.list(expression)[!empty]
}

flag <- function(value) if (value) "true" else "false"

# A symbol, or `package::symbol`, as text.
callee <- function(expression) {
  if (is.symbol(expression)) return(as.character(expression))
  if (is.character(expression)) return(expression)
  qualified <- is.call(expression) && length(expression) == 3 && as.character(expression[[1]])[1] %in% c("::", ":::") &&
    !is.call(expression[[2]]) && !is.call(expression[[3]])
  if (!qualified) return("")
  package <- as.character(expression[[2]])
  name <- as.character(expression[[3]])
  if (package %in% c("base", "utils", "stats")) name else paste0(package, "::", name)
}

is_assignment <- function(expression) {
  is.call(expression) && length(expression) == 3 && callee(expression[[1]]) %in% c("<-", "<<-", "=")
}

# How often each name is bound, what functions the user defines, and what other names functions have.
bindings <- function(expressions) {
  found <- new.env(parent = emptyenv())
  found$counts <- character(0)
  found$functions <- character(0)
  found$aliases <- list()
  walk <- function(expression) {
    if (!is.call(expression)) {
      if (is.pairlist(expression)) for (part in parts_of(expression)) walk(part)
      return(invisible())
    }
    if (is_assignment(expression)) {
      target <- expression[[2]]
      while (is.call(target) && length(target) > 1) target <- target[[2]]
      if (is.symbol(target) || is.character(target)) {
        name <- as.character(target)
        found$counts <- c(found$counts, name)
        value <- expression[[3]]
        plain <- is.symbol(expression[[2]]) || is.character(expression[[2]])
        if (plain && is.call(value) && identical(value[[1]], quote(`function`))) found$functions <- c(found$functions, name)
        if (plain && callee(value) %in% c("Sys.getenv", "Sys.setenv") && !is.character(value)) found$aliases[[name]] <- callee(value)
      }
    }
    if (identical(expression[[1]], quote(`for`))) found$counts <- c(found$counts, as.character(expression[[2]]))
    if (identical(expression[[1]], quote(`function`))) found$counts <- c(found$counts, names(expression[[2]]))
    for (part in parts_of(expression)) walk(part)
  }
  for (expression in expressions) walk(expression)
  found
}

is_constant <- function(expression, constants) {
  if (is.call(expression)) {
    return(callee(expression[[1]]) %in% PURE && length(parts_of(expression)) == length(expression) && all(vapply(as.list(expression)[-1], is_constant, NA, constants)))
  }
  if (is.symbol(expression)) return(exists(as.character(expression), constants, inherits = FALSE) || as.character(expression) %in% c("T", "F", "pi"))
  is.null(expression) || (is.atomic(expression) && length(expression) == 1 && !is.complex(expression))
}

# The value of a constant expression by R itself, in a list; an empty list if there is none.
value_of <- function(expression, scope) {
  if (!is_constant(expression, scope$constants)) return(list())
  functions <- unique(all.names(expression))
  if (any(functions %in% scope$found$functions) || any(c("T", "F", "pi") %in% functions & functions %in% scope$found$counts)) return(list())
  suppressWarnings(tryCatch(list(eval(expression, as.list(scope$constants), baseenv())), error = function(problem) list()))
}

bare <- function(expression) {
  while (is.call(expression) && identical(expression[[1]], quote(`(`))) expression <- expression[[2]]
  expression
}

# What doesn't run all of its parts, or not at once.
DOUBTFUL <- c(
  "function", "if", "for", "while", "repeat", "&&", "||", "%||%", "tryCatch", "try", "withCallingHandlers", "switch", "ifelse", "quote",
  "bquote", "expression", "substitute", "on.exit", "delayedAssign"
)

Reader <- function(expressions) {
  found <- bindings(expressions)
  constants <- new.env(parent = emptyenv())
  scope <- list(found = found, constants = constants)
  accesses <- character(0)
  packages <- character(0)
  computed <- 0
  unclear <- 0
  sure <- TRUE
  for (expression in expressions) {
    if (is_assignment(expression) && (is.symbol(expression[[2]]) || is.character(expression[[2]]))) {
      name <- as.character(expression[[2]])
      value <- value_of(expression[[3]], scope)
      if (sum(found$counts == name) == 1 && length(value) == 1) assign(name, value[[1]], constants)
    }
  }
  meaning <- function(expression) {
    name <- callee(expression)
    if (is.symbol(expression) && name %in% names(found$aliases)) return(if (found$aliases[[name]] %in% found$functions) "" else found$aliases[[name]])
    if (is.symbol(expression) && name %in% found$functions) return("")
    name
  }
  names_in <- function(expression) {
    expression <- bare(expression)
    if (is.call(expression) && identical(meaning(expression[[1]]), "c")) {
      parts <- lapply(parts_of(expression)[-1], names_in)
      if (length(parts) != length(expression) - 1 || length(parts) == 0 || any(lengths(parts) == 0)) return(character(0))
      return(unlist(parts))
    }
    value <- value_of(expression, scope)
    if (length(value) == 1 && is.character(value[[1]]) && !anyNA(value[[1]])) value[[1]] else character(0)
  }
  add <- function(name, action, default = "null", has_default = FALSE, cast = NULL, cast_value = "null") {
    line <- sprintf(
      '{"name": %s, "action": "%s", "default": %s, "has_default": %s, "cast": %s, "value": %s, "sure": %s}',
      quoted(name), action, default, flag(has_default), quoted(cast), cast_value, flag(sure)
    )
    accesses <<- c(accesses, line)
  }
  read <- function(call, cast, test) {
    if (any(vapply(parts_of(call)[-1], identical, NA, quote(...)))) {
      computed <<- computed + 1
      return()
    }
    matched <- as.list(match.call(FORMALS$Sys.getenv, call))
    empty <- function(part) is.null(part) || identical(part, quote(expr = ))
    if (empty(matched$x)) return()
    names <- names_in(matched$x)
    if (length(names) == 0) {
      computed <<- computed + 1
      return()
    }
    has_default <- "unset" %in% names(matched) && !identical(matched$unset, quote(expr = ))
    value <- if (has_default) value_of(matched$unset, scope) else list()
    text <- if (length(value) == 1 && length(value[[1]]) == 1) as.character(value[[1]]) else NA_character_
    cast_value <- if (is.na(text)) NA else suppressWarnings(switch(if (is.null(cast)) "String" else cast,
      Integer = format(as.integer(text), scientific = FALSE), Float = sprintf("%.17g", as.numeric(text)), Boolean = as.character(as.logical(text)), text
    ))
    for (name in names) {
      if (asking && !test) add(name, "asked")
      if (test) add(name, "flag") else add(name, "read", quoted(text), has_default, cast, quoted(cast_value))
    }
  }
  install <- function(call) {
    matched <- tryCatch(as.list(match.call(FORMALS$install.packages, call)), error = function(problem) list())
    value <- if (is.null(matched$pkgs)) list() else value_of(matched$pkgs, scope)
    if (length(value) == 1 && is.character(value[[1]]) && length(value[[1]]) > 0) packages <<- c(packages, value[[1]]) else unclear <<- unclear + 1
  }
  is_read <- function(expression) is.call(expression) && identical(meaning(expression[[1]]), "Sys.getenv")
  # Whether a read, perhaps as a number, is only compared.
  asking <- FALSE
  walk <- function(expression, cast = NULL, test = FALSE) {
    if (is.pairlist(expression) && !is.null(expression)) {
      for (part in parts_of(expression)) walk(part)
      return(invisible())
    }
    if (!is.call(expression)) return(invisible())
    parts <- parts_of(expression)
    name <- meaning(parts[[1]])
    if (name == "%>%" && length(parts) == 3) {
      target <- parts[[3]]
      piped <- if (is.call(target) && !callee(target[[1]]) %in% c("::", ":::", "{")) as.call(append(as.list(target), list(parts[[2]]), 1)) else as.call(list(target, parts[[2]]))
      return(walk(piped))
    }
    if (!name %in% c("Sys.getenv", names(CASTS))) asking <<- FALSE
    if (name == "Sys.getenv") {
      read(expression, cast, test)
    } else if (name %in% names(CASTS) && length(expression) == 2 && is_read(bare(parts[[2]]))) {
      return(walk(bare(parts[[2]]), cast = CASTS[[name]]))
    } else if (name %in% c("nzchar", "nchar") && length(expression) == 2 && is_read(bare(parts[[2]]))) {
      return(walk(bare(parts[[2]]), test = TRUE))
    } else if (name %in% c("==", "!=", "identical") && length(parts) == 3) {
      for (at in 2:3) {
        part <- bare(parts[[at]])
        if (is_read(part) && name != "identical") for (variable in names_in(as.list(match.call(FORMALS$Sys.getenv, part))$x)) add(variable, "asked")
        asking <<- name == "identical"
        walk(part, test = is_read(part) && identical(parts[[5 - at]], ""))
        asking <<- FALSE
      }
      return(invisible())
    } else if (name %in% DOUBTFUL) {
      before <- sure
      for (at in seq_along(parts)) {
        sure <<- before && (name == "if" && at == 2 || name == "for" && at == 3 || name %in% c("&&", "||", "%||%") && at == 2)
        walk(parts[[at]])
      }
      sure <<- before
      return(invisible())
    } else if (name == "%in%" && length(parts) == 3 && identical(parts[[3]], quote(names(Sys.getenv())))) {
      for (name in names_in(parts[[2]])) add(name, "test")
      return(invisible())
    } else if (name == "Sys.setenv") {
      for (part in parts[-1]) walk(part)
      labels <- names(parts)[-1]
      if (is.null(labels)) labels <- rep("", length(parts) - 1)
      for (label in labels) if (nzchar(label)) add(label, "write") else computed <<- computed + 1
      return(invisible())
    } else if (name == "install.packages") {
      install(expression)
    }
    for (part in parts) walk(part)
  }
  for (expression in expressions) walk(expression)
  sprintf(
    '{"accesses": [%s], "packages": [%s], "computed": %d, "unclear": %d}',
    paste(accesses, collapse = ", "), paste(vapply(packages, quoted, ""), collapse = ", "), computed, unclear
  )
}

options(warn = -1, keep.source = FALSE, expressions = 20000)
for (path in readLines(commandArgs(TRUE)[1])) {
  size <- file.size(path)
  text <- readChar(path, size, useBytes = TRUE)
  Encoding(text) <- "UTF-8"
  text <- gsub("\r\n", "\n", text)
  expressions <- tryCatch(parse(text = text, encoding = "UTF-8"), error = function(problem) conditionMessage(problem))
  line <- if (is.character(expressions)) sprintf('{"error": %s}', quoted(expressions)) else
    tryCatch(Reader(expressions), error = function(problem) sprintf('{"failed": %s}', quoted(conditionMessage(problem))))
  cat(line, "\n", sep = "")
}
