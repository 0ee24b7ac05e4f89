# Gives a list of JSON as a vector, of whole numbers where the default has such.
.c3_vector <- function(name, default) {
  text <- Sys.getenv(name)
  string <- "\"(?:[^\"\\\\]|\\\\.)*+\""
  if (grepl("[{]|\\[[^]]*\\[", gsub(string, "", text, perl = TRUE))) stop("parameter `", name, "` is no flat list")
  words <- regmatches(text, gregexpr(paste0(string, "|[^][,[:space:]\"]+"), text, perl = TRUE))[[1]]
  values <- unlist(lapply(words, function(word) {
    if (word == "null") return(NA)
    if (word %in% c("true", "false")) return(word == "true")
    if (!startsWith(word, "\"")) return(as.numeric(word))
    str2lang(gsub("((?:^|[^\\\\])(?:\\\\\\\\)*)\\\\/", "\\1/", word, perl = TRUE))
  }))
  if (is.null(values)) return(default[0])
  if (is.integer(default) && is.numeric(values) && all(values == trunc(values), na.rm = TRUE)) return(as.integer(values))
  if (is.character(default)) as.character(values) else values
}

# Gives the value of a text where nothing tells its type, as papermill does: a number if it looks like one.
.c3_open <- function(text) {
  if (text %in% c("True", "TRUE", "False", "FALSE")) return(as.logical(text))
  if (text %in% c("None", "NULL")) return(NULL)
  if (!grepl("^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?$", text)) return(text)
  number <- as.numeric(text)
  if (!grepl("[.eE]", text) && abs(number) <= .Machine$integer.max) as.integer(number) else number
}
