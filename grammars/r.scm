; What the interface of an R script looks like. Each pattern says by `shape` what it is; src/frontend/r/ interprets the
; captures. A pattern begins with what tells most: one that waits behind a left side of any kind waits once for each
; link of a long chain of operators, and then nothing ever ends. Such operators are found alone, by their signs.

; Comments: descriptions, directives, system packages.
((comment) @value (#set! shape "comment"))

; Statements: what the comments above and behind them belong to.
((program (_) @value) @whole (#set! shape "statement"))
((braced_expression body: (_) @value) @whole (#set! shape "statement"))

; Scopes and what is bound in them.
((function_definition) @value (#set! shape "function"))
((parameter name: (_) @target) (#set! shape "parameter"))
((for_statement variable: (_) @target sequence: (_) @value) (#set! shape "loop"))
((binary_operator
  lhs: [
    (identifier) (string) (call) (subset) (subset2) (extract_operator) (namespace_operator)
    (parenthesized_expression)
  ] @target
  operator: ["<-" "<<-" "=" ":="] @operator
  rhs: (_) @value) @whole
  (#set! shape "assignment"))
; Operators whose left side may be long: `value -> name`, comparisons, and pipes as in `Sys.getenv("x") |> as.integer()`.
(["->" "->>" "|>" "<" "<=" ">" ">=" "==" "!="] @value (#set! shape "operator"))
("special" @value (#any-of? @value "%>%") (#set! shape "operator"))

; Calls of functions that have a name: reads, writes, casts, installations.
((call
  function: [(identifier) (string) (namespace_operator)] @function
  arguments: (arguments) @arguments) @whole
  (#set! shape "call"))

; `"x" %in% names(Sys.getenv())`.
((binary_operator
  lhs: [(string) (identifier) (call)] @target
  operator: "special" @operator
  rhs: (call
    function: (identifier) @function
    arguments: (arguments . (argument value: (call) @value) .)))
  (#any-of? @operator "%in%")
  (#any-of? @function "names")
  (#set! shape "membership"))

; `Sys.getenv()[["x"]]`.
((subset function: (call) @value arguments: (arguments . (argument) @target .)) @whole (#set! shape "element"))
((subset2 function: (call) @value arguments: (arguments . (argument) @target .)) @whole (#set! shape "element"))

; Functions handed on as values: what becomes of them can't be told.
((identifier) @value
  (#any-of? @value "Sys.getenv" "Sys.setenv" "`Sys.getenv`" "`Sys.setenv`")
  (#set! shape "mention"))

; Packages that the code names.
((namespace_operator lhs: (_) @value) (#set! shape "package"))

; Texts whose escapes R may refuse.
((string content: (string_content (escape_sequence))) @value (#set! shape "text"))
((identifier) @value (#match? @value "\\\\") (#set! shape "text"))

; What the grammar takes and R doesn't.
((namespace_operator !rhs) @value (#set! shape "invalid"))
((extract_operator !rhs) @value (#set! shape "invalid"))
((identifier) @value (#any-of? @value "``") (#set! shape "invalid"))
((identifier) @value (#match? @value "^(_.+|else|in|if|for|while|function|repeat)$") (#set! shape "invalid"))
([(float) (integer)] @value (#match? @value "^[0-9.]+[eE][+-]?L?$") (#set! shape "invalid"))
((argument value: (binary_operator operator: "=" @value)) (#set! shape "invalid"))
((parameter default: (binary_operator operator: "=" @value)) (#set! shape "invalid"))
((if_statement condition: (binary_operator operator: "=" @value)) (#set! shape "invalid"))
((while_statement condition: (binary_operator operator: "=" @value)) (#set! shape "invalid"))
((for_statement sequence: (binary_operator operator: "=" @value)) (#set! shape "invalid"))
