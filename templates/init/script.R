# Counts the words of a text.

# The comment above is the description of the operator.
# Packages named in calls of `install.packages` are installed when the image is built.

# Text to count the words of (the comment above describes the input)
text <- Sys.getenv("text", "one two three")

# Length of the shortest word that counts (`as.integer` makes it a whole number, the second argument is the default)
shortest <- as.integer(Sys.getenv("shortest", "1"))

words <- strsplit(trimws(text), "\\s+")[[1]]
words <- words[nchar(words) >= shortest]
cat(length(words), "words\n")

# Number of words (a file that the operator hands on)
Sys.setenv(report = "report.txt") # c3: output=File
writeLines(as.character(length(words)), "report.txt")
