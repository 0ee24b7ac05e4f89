; Which nodes of an R script say something of its interface. Each pattern says by `shape` what its node may be;
; src/frontend/r/shapes.rs looks at the parts of the node.
;
; A pattern is one node without its parts: whoever reads R pays for analysing the patterns in each process, and patterns
; of nodes within nodes take forty times as long.

; Comments: descriptions, directives, system packages.
((comment) @value (#set! shape "comment"))

; Statements: what the comments above and behind them belong to.
([(program) (braced_expression)] @value (#set! shape "block"))

; Scopes and what is bound in them.
((function_definition) @value (#set! shape "function"))
((parameter) @value (#set! shape "parameter"))
((for_statement) @value (#set! shape "loop"))

; Assignments, comparisons, pipes.
((binary_operator) @value (#set! shape "operator"))

; Calls of functions that have a name: reads, writes, casts, installations.
((call) @value (#set! shape "call"))
((argument) @value (#set! shape "argument"))

; Functions that are handed on as values, and names that R refuses.
((identifier) @value (#set! shape "name"))

; Packages that the code names.
((namespace_operator) @value (#set! shape "package"))

; Texts whose escapes R may refuse.
((string) @value (#set! shape "text"))

; What the grammar takes and R doesn't.
((extract_operator) @value (#set! shape "extract"))
([(float) (integer)] @value (#set! shape "number"))
([(if_statement) (while_statement)] @value (#set! shape "condition"))
