# Messages on standard error, of which nothing is hidden and nothing given away.

# Most bytes of a text that are shown, and that are looked at for it.
longest <- list(shown = 2000, read = 10000)

# Characters that do something to a terminal, or that nobody sees.
hidden <- list(
  c(0x00, 0x1f), c(0x7f, 0x9f), c(0xad, 0xad), c(0x34f, 0x34f), c(0x61c, 0x61c), c(0x115f, 0x1160), c(0x17b4, 0x17b5),
  c(0x180b, 0x180e), c(0x200b, 0x200f), c(0x2028, 0x202e), c(0x2060, 0x206f), c(0x3164, 0x3164), c(0xfeff, 0xfeff),
  c(0xffa0, 0xffa0), c(0xfff0, 0xfffb), c(0xfffe, 0xffff), c(0xe0000, 0xe0fff)
)
escapes <- list("9" = "\\t", "10" = "\\n", "13" = "\\r")

# Passwords and tokens in URLs, which `SPACE` ends: in connections to object stores, whose secrets may hold any
# characters; before a host; where there is no port behind a colon, so that slashes are the password's; in the place
# of a user.
url <- r"---((?:(?<![a-z0-9+.-])[a-z0-9+.-]*:|(?<![^ \t\r\n"'`=(\[{<>,;|@]))//)---"
name <- "[^SPACE/?#:@]"
host <- "(?=[^SPACE/?#])"
rest <- "(?:(?![a-z][a-z0-9+.-]*://)[^SPACE])*@"
gap <- r"---((?:\*+|<[^<>{}$:@]*>|[{]{1,2}[^<>{}$:@]*[}]{1,2}|\$[{][^<>{}$:@]*[}]))---" # where a secret is to be put
secrets <- c(
  paste0("((?<![a-z0-9+.-])(?:cos|s3)://)", name, "*:", rest),
  paste0("(", url, ")", name, "*:(?!", gap, "@)[^SPACE/?#]+@", host, "(?!sha(?:256|384|512):)"),
  paste0("(", url, ")(?!\\[)(?![^SPACE/?#]*@", host, ")", name, "*:(?![0-9]+(?:[/?#[:space:]]|$))", rest),
  paste0("(https?://)(?!git@|", gap, ":?@)", name, "+:?@", host)
)

# Writes a line to standard error.
say <- function(...) {
  line <- shown(paste(c(..., ""), collapse = ""), longest$read)
  try(cat(line, "\n", sep = "", file = stderr()), silent = TRUE)
}

# Gives a text as it may be shown: on one line, nothing hidden, no password in a URL, not without end.
shown <- function(text, limit = longest$shown) {
  size <- nchar(text, "bytes")
  text <- beginning(native(text), longest$read)
  if (grepl("@", text, fixed = TRUE, useBytes = TRUE)) text <- without_secrets(text)
  text <- visible(text)
  if (nchar(text, "bytes") <= limit && size <= longest$read) return(text)
  paste0(beginning(text, limit), "... (", size, " bytes)")
}

# Gives so many bytes of a text, or fewer, not to part those of a character.
beginning <- function(text, size) {
  bytes <- charToRaw(text)
  if (length(bytes) <= size) return(text)
  while (size > 0 && bytes[size + 1] >= 0x80 && bytes[size + 1] < 0xc0) size <- size - 1
  rawToChar(bytes[seq_len(size)])
}

# Hides passwords and tokens in URLs.
without_secrets <- function(text) {
  is_url <- grepl("^[ \\t]*[a-z][a-z0-9+.-]*://[^\\n]*$", text, ignore.case = TRUE, perl = TRUE, useBytes = TRUE)
  for (pattern in secrets) {
    pattern <- gsub("SPACE", if (is_url) "\\n" else r"( \t\r\n"`<>)", pattern, fixed = TRUE)
    text <- native(gsub(pattern, "\\1***@", text, ignore.case = TRUE, perl = TRUE, useBytes = TRUE))
  }
  text
}

# Shows characters that nobody sees, or that do something to a terminal, as escapes.
visible <- function(text) {
  if (!nzchar(text)) return(text)
  codes <- if (validUTF8(text)) utf8ToInt(text) else as.integer(charToRaw(text))
  is_hidden <- Reduce(`|`, lapply(hidden, function(range) codes >= range[1] & codes <= range[2]))
  if (!validUTF8(text)) is_hidden <- is_hidden | codes > 127
  if (!any(is_hidden)) return(text)
  characters <- vapply(codes, intToUtf8, "")
  characters[is_hidden] <- sprintf("\\u%s%x%s", "{", codes[is_hidden], "}")
  for (code in names(escapes)) characters[codes == as.integer(code)] <- escapes[[code]]
  native(paste(characters, collapse = ""))
}
