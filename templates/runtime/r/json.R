# JSON, of which R itself has no reader. Objects are named lists of the class `json_object`, arrays are lists, numbers
# keep their text in the class `json_number`, and null is `NA`. What isn't JSON, has a name twice or a text that R can't
# hold (NUL, half a surrogate pair) is an error.

json_string <- r"---("[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")---"
json_token <- paste0(
  json_string, r"---(|-?(?:0|[1-9][0-9]*+)(?:[.][0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null|[][{}:,]|[ \t\r\n]++)---"
)
json_escape <- r"---(\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.)---"
json_escapes <- c(b = "\b", f = "\f", n = "\n", r = "\r", t = "\t")

# Deepest nesting that is read.
json_depth <- 200

# Reads a text of JSON.
parse_json <- function(text) {
  tokens <- json_tokens(text)
  reader <- new.env()
  reader$tokens <- tokens
  reader$kinds <- substr(tokens, 1, 1)
  reader$at <- 0
  value <- json_value(reader, next_kind(reader), 0)
  if (reader$at < length(tokens)) malformed()
  value
}

malformed <- function() stop("no JSON", call. = FALSE)

# Splits a text into its tokens, without white space.
json_tokens <- function(text) {
  if (!validUTF8(text)) malformed()
  Encoding(text) <- "bytes"
  found <- gregexpr(json_token, text, perl = TRUE, useBytes = TRUE)[[1]]
  lengths <- attr(found, "match.length")
  if (found[1] == -1 || sum(lengths) != nchar(text, "bytes")) malformed()
  tokens <- substring(text, found, found + lengths - 1)
  native(tokens[!startsWith(native(tokens), " ") & !native(substr(tokens, 1, 1)) %in% c("\t", "\r", "\n")])
}

# Steps to the next token, and gives its first character.
next_kind <- function(reader) {
  reader$at <- reader$at + 1
  if (reader$at > length(reader$tokens)) malformed()
  reader$kinds[[reader$at]]
}

# Reads the value that the present token begins.
json_value <- function(reader, kind, depth) {
  if (depth > json_depth) malformed()
  switch(kind,
    "\"" = json_text(reader$tokens[[reader$at]]),
    "{" = json_object(reader, depth),
    "[" = json_array(reader, depth),
    "t" = TRUE, "f" = FALSE, "n" = NA,
    "}" = , "]" = , ":" = , "," = malformed(),
    structure(reader$tokens[[reader$at]], class = "json_number")
  )
}

json_array <- function(reader, depth) {
  items <- list()
  kind <- next_kind(reader)
  while (kind != "]" || length(items)) {
    items[[length(items) + 1]] <- json_value(reader, kind, depth + 1)
    kind <- next_kind(reader)
    if (kind == "]") break
    if (kind != ",") malformed()
    kind <- next_kind(reader)
  }
  items
}

json_object <- function(reader, depth) {
  items <- list()
  names <- character()
  kind <- next_kind(reader)
  while (kind != "}" || length(items)) {
    if (kind != "\"") malformed()
    names[length(names) + 1] <- json_text(reader$tokens[[reader$at]])
    if (next_kind(reader) != ":") malformed()
    items[[length(items) + 1]] <- json_value(reader, next_kind(reader), depth + 1)
    kind <- next_kind(reader)
    if (kind == "}") break
    if (kind != ",") malformed()
    kind <- next_kind(reader)
  }
  if (anyDuplicated(names)) malformed()
  structure(items, names = names, class = "json_object")
}

# Gives the text of a token in quotes.
json_text <- function(token) {
  Encoding(token) <- "bytes"
  text <- substr(token, 2, nchar(token, "bytes") - 1)
  found <- gregexpr(json_escape, text, perl = TRUE, useBytes = TRUE)[[1]]
  if (found[1] == -1) return(native(text))
  ends <- found + attr(found, "match.length") - 1
  escapes <- native(substring(text, found, ends))
  distinct <- unique(escapes)
  characters <- vapply(distinct, json_character, "", USE.NAMES = FALSE)[match(escapes, distinct)]
  between <- native(substring(text, c(1, ends + 1), c(found - 1, nchar(text, "bytes"))))
  native(paste0(between, c(characters, ""), collapse = ""))
}

# Gives the character of an escape.
json_character <- function(escape) {
  kind <- substr(escape, 2, 2)
  if (kind != "u") return(c(json_escapes[kind][kind %in% names(json_escapes)], kind)[[1]])
  codes <- strtoi(c(substr(escape, 3, 6), if (nchar(escape) > 6) substr(escape, 9, 12)), 16)
  code <- if (length(codes) > 1) 0x10000 + (codes[1] - 0xd800) * 0x400 + codes[2] - 0xdc00 else codes
  if (code == 0 || code >= 0xd800 && code <= 0xdfff) malformed()
  native(intToUtf8(code))
}

# Gives the member of an object, or nothing.
member <- function(object, name) {
  if (!inherits(object, "json_object")) return(NULL)
  at <- match(name, names(object))
  if (is.na(at)) NULL else unclass(object)[[at]]
}

# Tells an object, and one that isn't there, from anything else.
is_object <- function(value) is.null(value) || inherits(value, "json_object")

# Writes a value as JSON.
write_json <- function(value) {
  if (inherits(value, "json_number")) return(unclass(value))
  if (is.character(value)) return(quoted_json(value))
  if (!is.list(value)) return(if (is.na(value)) "null" else if (value) "true" else "false")
  items <- vapply(unclass(value), write_json, "", USE.NAMES = FALSE)
  if (!inherits(value, "json_object")) return(paste0("[", paste(items, collapse = ","), "]"))
  entries <- paste0(vapply(names(value), quoted_json, ""), ":", items, recycle0 = TRUE)
  paste0("{", paste(entries, collapse = ","), "}")
}

# Writes a text as JSON.
quoted_json <- function(text) {
  replace <- function(from, to) native(gsub(from, to, text, fixed = TRUE, useBytes = TRUE))
  text <- replace("\\", "\\\\")
  text <- replace("\"", "\\\"")
  for (code in unique(as.integer(charToRaw(text)))) {
    if (code < 32) text <- replace(rawToChar(as.raw(code)), sprintf("\\u%04x", code))
  }
  paste0("\"", text, "\"")
}
