# Values of inputs that the script takes from its own command line.

# Gives the arguments of the script: options with their values, and what it is called with besides.
command_line <- function(own) c(unlist(lapply(Filter(is_argument, inputs), option)), own)

# Tells what the script takes from its command line from what it takes from its environment.
is_argument <- function(input) input$via == "argument"

# Writes an option; nothing where there is no value, or the default, which the script has by itself.
option <- function(input) {
  value <- present(input$name)
  Sys.unsetenv(input$name)
  if (is.na(value) || has_default(input, value)) return(character())
  how <- input$argument
  if (!how$flag) return(paste0(how$option, "=", value))
  word <- if (value == "TRUE") how$option else how$negative
  if (is.null(word) && !is.null(input$default)) {
    told <- if (value == "TRUE") "true" else "false"
    fail(paste0("parameter `", input$id, "` cannot be ", told, ": the script has no option for that"), 2)
  }
  as.character(word)
}

# Tells whether a value is the default, perhaps in another spelling.
has_default <- function(input, value) {
  if (is.null(input$default)) return(FALSE)
  default <- normalise(input$type, input$default)
  if (!input$type %in% c("Integer", "Float")) return(identical(value, default))
  isTRUE(suppressWarnings(as.numeric(value) == as.numeric(default)))
}
