# Counts the words of a text.

# The comment above describes the operator to everyone who uses it.
# Packages that it needs are installed by calls of `install.packages`, which are done when the image is built.

# Text whose words are counted (the comment above a read describes the input)
text <- Sys.getenv("text", "one two three")

# Shortest word that counts (`as.integer` makes it a whole number, the second argument is the default)
shortest <- as.integer(Sys.getenv("shortest", "1"))

words <- strsplit(trimws(text), "\\s+")[[1]]
words <- words[nchar(words) >= shortest]
cat(length(words), "words\n")

# Report with the number (a file that the operator delivers)
Sys.setenv(report = "report.txt") # c3: output=File
writeLines(as.character(length(words)), "report.txt")
