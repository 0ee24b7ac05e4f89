# What is told at the log level `DEBUG`.

levels <- c(NOTSET = 0, DEBUG = 10, INFO = 20, WARN = 30, WARNING = 30, ERROR = 40, CRITICAL = 50, FATAL = 50)

# Tells the given parameters, if that is the wanted level.
log_parameters <- function(taken) {
  if (level_number() > levels["DEBUG"]) return()
  for (one in taken) if (one$parameter$id != executor_input$id) { # it holds the secrets, too
    told <- if (is_secret(one$parameter$name)) "***" else paste0("\"", shown(one$value), "\"")
    say("parameter ", one$parameter$name, " = ", told)
  }
}

# Reads the log level, a name in any case or a number.
level_number <- function() {
  word <- trimmed(log_level())
  if (matches(word, "[0-9]+")) return(as.numeric(word))
  for (level in names(levels)) if (matches(word, level)) return(levels[level])
  say("warning: unknown log level `", log_level(), "`, using `INFO`")
  levels["INFO"]
}
