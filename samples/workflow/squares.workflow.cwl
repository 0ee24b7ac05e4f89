# CWL workflow of make_table, sum_table and write_letter, made by c3 0.1.0 (content 68da36512eab)
cwlVersion: v1.2
class: Workflow
$namespaces:
  cwltool: "http://commonwl.org/cwltool#"
label: "squares"
requirements:
  StepInputExpressionRequirement: {}
hints:
  "cwltool:Secrets":
    secrets: ["signing_token"]
inputs:
  "rows":
    type: "int"
    doc: "How many rows the table has."
    default: 3
  "separator":
    type: "string"
    doc: "What stands between two columns."
    default: ";"
  "reader":
    type: ["null", "string"]
    doc: "Whom the letter is for; nobody in particular unless given."
  "signing_token":
    type: ["null", "string"]
    doc: "Key to sign with; the letter is not signed unless given."
    default: ""
  "log_level":
    type: "string"
    doc: "Level of the log messages: DEBUG, INFO, WARNING, ERROR or CRITICAL"
    default: "INFO"
outputs:
  "letter":
    type: ["null", "File"]
    doc: "The letter."
    outputSource: "write_letter/letter"
steps:
  "make_table":
    run: "make_table.cwl"
    in:
    - id: "rows"
      source: "rows"
    - id: "separator"
      source: "separator"
    - id: "log_level"
      source: "log_level"
    out: ["table", "title"]
  "sum_table":
    run: "sum_table.cwl"
    in:
    - id: "table"
      source: "make_table/table"
      valueFrom: "$(self)"
    - id: "title_file"
      source: "make_table/title"
      loadContents: true
      valueFrom: "$(self)"
    - id: "title"
      valueFrom: "$(inputs.title_file.contents)"
    - id: "separator"
      source: "separator"
    - id: "log_level"
      source: "log_level"
    out: ["report", "total"]
  "write_letter":
    run: "write_letter.cwl"
    in:
    - id: "report"
      source: "sum_table/report"
      valueFrom: "$(self)"
    - id: "total_file"
      source: "sum_table/total"
      loadContents: true
      valueFrom: "$(self)"
    - id: "total"
      valueFrom: "$(inputs.total_file.contents)"
    - id: "reader"
      source: "reader"
    - id: "signing_token"
      source: "signing_token"
    - id: "log_level"
      source: "log_level"
    out: ["letter"]
