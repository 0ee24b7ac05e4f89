//! Functions that download something while the operator runs.

use ruff_python_ast::Expr;

use super::calls::Call;
use crate::check::downloads::note;
use crate::diagnostic::Diagnostic;
use crate::frontend::place::is_address;

/// Functions that download something in any case.
const DOWNLOADERS: &[&str] = &[
    "gdown.download",
    "huggingface_hub.hf_hub_download",
    "huggingface_hub.snapshot_download",
    "kagglehub.dataset_download",
    "kagglehub.model_download",
    "keras.utils.get_file",
    "nltk.download",
    "nltk.downloader.download",
    "opendatasets.download",
    "spacy.cli.download",
    "stanza.download",
    "tensorflow.keras.utils.get_file",
    "tensorflow_datasets.load",
    "torch.hub.load",
    "torch.hub.load_state_dict_from_url",
    "whisper.load_model",
];

/// Functions that download an address.
const FETCHERS: &[&str] = &[
    "httpx.get",
    "pandas.read_csv",
    "pandas.read_excel",
    "pandas.read_json",
    "pandas.read_parquet",
    "requests.get",
    "urllib.request.urlopen",
    "urllib.request.urlretrieve",
    "wget.download",
];

/// Functions that download a model or data set, unless given a path.
const LOADERS: &[&str] = &[
    "datasets.load_dataset",
    "sentence_transformers.SentenceTransformer",
    "tensorflow_hub.KerasLayer",
    "tensorflow_hub.load",
];

/// Reports a call that downloads something.
pub(super) fn check(call: &Call) -> Option<Diagnostic> {
    let path = call.paths.iter().find(|path| fetches(path, call));
    path.map(String::as_str).or_else(|| is_model_loader(call).then(|| call.name())).map(note)
}

fn fetches(path: &str, call: &Call) -> bool {
    DOWNLOADERS.contains(&path)
        || (FETCHERS.contains(&path) && call.text(0, "url").is_some_and(|text| is_address(&text)))
        || ((LOADERS.contains(&path) || path.ends_with(".from_pretrained")) && names_model(call))
        || is_data_set(path, call.name())
        || (path.starts_with("torchvision.datasets.") && is_true(call.keyword("download")))
}

/// Whether an unknown function loads a model by name.
fn is_model_loader(call: &Call) -> bool {
    call.paths.is_empty() && call.name() == "from_pretrained" && names_model(call)
}

fn names_model(call: &Call) -> bool {
    call.text(0, "name").is_some_and(|text| is_model(&text)) && !is_local(call)
}

/// Functions of scikit-learn and Keras that download a data set.
fn is_data_set(path: &str, name: &str) -> bool {
    (path.starts_with("sklearn.datasets.") && name.starts_with("fetch_"))
        || (path.contains("keras.datasets.") && name == "load_data")
}

fn is_local(call: &Call) -> bool {
    is_true(call.keyword("local_files_only"))
}

fn is_true(value: Option<&Expr>) -> bool {
    value.and_then(Expr::as_boolean_literal_expr).is_some_and(|literal| literal.value)
}

/// Whether a text names a model rather than a path.
fn is_model(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['.', '/', '~']) && text.matches('/').count() < 2
}
