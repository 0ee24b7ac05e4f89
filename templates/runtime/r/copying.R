# Files and folders that are never seen half-written.

# Tells whether a file is UTF-8.
is_text <- function(path) {
  stream <- file(path, "rb", raw = TRUE) # else R unpacks what is packed
  on.exit(close(stream))
  rest <- raw()
  while (length(chunk <- readBin(stream, raw(), 2^20))) {
    bytes <- c(rest, chunk)
    is_complete <- seq_along(bytes) <= length(bytes) - length_of_last(bytes)
    rest <- bytes[!is_complete]
    if (!is_utf8(bytes[is_complete])) return(FALSE)
  }
  is_utf8(rest)
}

# Gives the length of the last character so far, of which more may follow in the next chunk.
length_of_last <- function(bytes) {
  last <- as.integer(bytes[length(bytes) - seq_len(min(4, length(bytes))) + 1])
  c(which(bitwAnd(last, 0xC0L) != 0x80L), 0)[1]
}

# Tells whether bytes are UTF-8; a NUL is, though R's strings can't hold it.
is_utf8 <- function(bytes) {
  bytes[bytes == 0] <- charToRaw("0")
  validUTF8(rawToChar(bytes))
}
# Copies the content of a file.
copy_file <- function(source, target) {
  write_file(target, function(path) append_file(source, path))
}

# Writes a text as a file.
write_text <- function(text, target) {
  source <- temporary(text)
  on.exit(unlink(source, expand = FALSE))
  copy_file(source, target)
}

# Appends a file to another, or to a device, as a whole.
append_file <- function(source, path) {
  written <- suppressWarnings(file.append(path, source))
  if (!written) close(file(path, "ab")) # fails if it can't be opened, and says why
  if (!written || is_file(path) && file.size(path) < file.size(source)) stop("No space left on device?")
}

# Makes the folder in which a path is to be.
make_above <- function(path) {
  folder <- dirname(path)
  if (!dir.exists(folder)) dir.create(folder, recursive = TRUE)
}

# Writes a file so that it is never seen half-written.
write_file <- function(target, write) {
  make_above(target)
  if (is_our_link(target)) file.remove(target) # not to write through it into the operator's own files
  if (file.exists(target) && !is_file(target)) return(write(target)) # to rename would replace the device or the pipe
  target <- real(target)
  part <- part_name(target)
  on.exit(unlink(part, expand = FALSE))
  write(part)
  file.rename(part, target)
}

# Copies a folder, into one that exists file by file, else so that it is never seen half-written.
copy_folder <- function(source, target) {
  if (dir.exists(target)) return(fill(source, target, c(source, normalizePath(target))))
  make_above(target)
  part <- part_name(target)
  on.exit(unlink(part, recursive = TRUE, expand = FALSE))
  dir.create(part)
  fill(source, part, c(source, normalizePath(part)))
  file.rename(part, target)
}

# Copies what is in a folder; `above` stops at the copy itself and at links that lead back up.
fill <- function(source, target, above) {
  names <- list.files(source, all.files = TRUE, no.. = TRUE)
  paths <- file.path(source, names)
  copyable <- is_file(paths)
  for (at in seq_along(names)) {
    real_path <- real(paths[at])
    new <- file.path(target, names[at])
    if (real_path %in% above) next
    if (copyable[at]) copy_file(paths[at], new)
    else if (dir.exists(paths[at])) fill_folder(paths[at], new, c(above, real_path))
    else say("warning: `", paths[at], "` is no file or folder, it is left out")
  }
}

# Copies a folder that is in a folder.
fill_folder <- function(source, target, above) {
  if (!dir.exists(target)) dir.create(target)
  fill(source, target, above)
}

# Gives a name beside the target, unlike that of any other process on a shared volume.
part_name <- function(target) tempfile(".c3-", dirname(target))

# Reads a file as a text, as far as R can hold it.
read_text <- function(path) {
  bytes <- readBin(path, raw(), min(file.size(path), 2^24))
  rawToChar(bytes[bytes != 0])
}
