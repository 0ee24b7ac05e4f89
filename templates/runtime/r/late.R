# Files that are rarely needed stay texts until then, as most of the time that an entry point takes is R's reading it.

# Makes functions of a file that is read when the first of them is used.
late <- function(names, text) {
  place <- parent.frame()
  read <- function(name) {
    eval(parse(text = text, keep.source = FALSE), place)
    get(name, place)
  }
  promise <- function(name) delayedAssign(name, read(name), assign.env = place)
  for (name in names) promise(name)
}
