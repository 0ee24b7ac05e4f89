//! Names of variables that belong to the system or to libraries, or that are secrets.

/// Names that belong to the system.
const SYSTEM_NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "PWD",
    "LANG",
    "TMPDIR",
    "HOSTNAME",
    "DISPLAY",
    "JAVA_HOME",
    "R_HOME",
    "R_LIBS",
];

/// Prefixes of system names.
const SYSTEM_PREFIXES: &[&str] = &[
    "LC_",
    "LD_",
    "PYTHON",
    "CUDA_",
    "NVIDIA_",
    "NCCL_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "TF_",
    "XLA_",
    "KERAS_",
    "TOKENIZERS_",
    "PYTORCH_",
    "PYSPARK_",
    "KUBERNETES_",
];

/// Variables that a platform sets for each process: a fixed value would override them.
const PLATFORM_NAMES: &[&str] = &[
    "ALL_PROXY",
    "CI",
    "COLUMNS",
    "CURL_CA_BUNDLE",
    "ELYRA_RUNTIME_ENV",
    "FTP_PROXY",
    "GROUP_RANK",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "JOB_COMPLETION_INDEX",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "LOGNAME",
    "MASTER_ADDR",
    "MASTER_PORT",
    "NB_PREFIX",
    "NO_PROXY",
    "RANK",
    "REQUESTS_CA_BUNDLE",
    "ROLE_RANK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "WORLD_SIZE",
];

/// Prefixes of platform variables.
const PLATFORM_PREFIXES: &[&str] = &[
    "AWS_BATCH_",
    "AZ_BATCH_",
    "CLOUD_RUN_TASK_",
    "ELYRA_RUN_",
    "GITHUB_",
    "GITLAB_",
    "JENKINS_",
    "KFP_",
    "LSB_",
    "MPI_LOCALRANKID",
    "MV2_COMM_WORLD_",
    "NOMAD_",
    "OMPI_",
    "PBS_",
    "PMIX_",
    "PMI_",
    "SGE_",
    "SLURM_",
    "TORCHELASTIC_",
];

/// Prefixes of library settings, which a program makes for its libraries.
const LIBRARY_PREFIXES: &[&str] = &[
    "ABSL_",
    "ACCELERATE_",
    "AIRFLOW_",
    "ANTHROPIC_",
    "ARROW_",
    "ATEN_",
    "AWS_",
    "AZURE_",
    "BLIS_",
    "BOTO_",
    "CHROMA_",
    "COHERE_",
    "COMET_",
    "CONDA_",
    "CPL_",
    "CURL_",
    "DASK_",
    "DATABRICKS_",
    "DATASETS_",
    "DEEPSPEED_",
    "DGL",
    "DIFFUSERS_",
    "DJANGO_",
    "FLASK_",
    "FSSPEC_",
    "GCE_",
    "GCLOUD_",
    "GCP_",
    "GDAL_",
    "GLOG_",
    "GOOGLE_",
    "GRADIO_",
    "GRPC_",
    "HABANA_",
    "HADOOP_",
    "HDF5_",
    "HF_",
    "HUGGINGFACE_",
    "JAX_",
    "JOBLIB_",
    "JUPYTER_",
    "KAGGLE_",
    "KMP_",
    "LANGCHAIN_",
    "LANGSMITH_",
    "LIGHTNING_",
    "LITELLM_",
    "MALLOC_",
    "MLFLOW_",
    "MMS_",
    "MODIN_",
    "MPI4PY_",
    "MPL",
    "MXNET_",
    "NEPTUNE_",
    "NEURONX_",
    "NEURON_",
    "NLTK_",
    "NPY_",
    "NUMBA_",
    "NUMEXPR_",
    "OGR_",
    "OLLAMA_",
    "OMPI_",
    "OPENAI_",
    "OPENCV_",
    "ORT_",
    "OTEL_",
    "PADDLE_",
    "PINECONE_",
    "PIP_",
    "PL_",
    "POLARS_",
    "PREFECT_",
    "PROJ_",
    "PROTOCOL_BUFFERS_",
    "PYGAME_",
    "QT_",
    "RASTERIO_",
    "RAY_",
    "REQUESTS_",
    "RETICULATE_",
    "SAFETENSORS_",
    "SAGEMAKER_",
    "SCIPY_",
    "SDL_",
    "SENTENCE_TRANSFORMERS_",
    "SKLEARN_",
    "SNOWFLAKE_",
    "SPARK_",
    "STREAMLIT_",
    "TENSORBOARD_",
    "TFDS_",
    "TFHUB_",
    "TORCHDYNAMO_",
    "TORCHINDUCTOR_",
    "TORCH_",
    "TRANSFORMERS_",
    "TRITON_",
    "UCX_",
    "UV_",
    "VECLIB_",
    "VLLM_",
    "WANDB_",
    "XDG_",
    "XGBOOST_",
];

/// Library settings without such a prefix.
const LIBRARY_NAMES: &[&str] = &[
    "CUBLAS_WORKSPACE_CONFIG",
    "GEVENT_SUPPORT",
    "MASTER_ADDR",
    "MASTER_PORT",
    "PROJ_LIB",
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "R_LIBS_USER",
    "TZ",
    "TERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "VIPS_CONCURRENCY",
    "TESSDATA_PREFIX",
];

/// Words that make a variable a secret.
const SECRET_WORDS: &[&str] = &["password", "passwd", "secret", "token", "credential", "credentials"];

/// Parts of a name that make a variable a secret.
const SECRET_PARTS: &[&str] = &["api_key", "access_key", "private_key", "connection_string"];

/// Whether a name belongs to the system.
pub(crate) fn is_system(name: &str) -> bool {
    SYSTEM_NAMES.contains(&name) || SYSTEM_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a platform sets this variable; proxies may be in lower case.
pub(super) fn is_platform(name: &str) -> bool {
    let is_proxy = name.ends_with("_proxy") && PLATFORM_NAMES.contains(&name.to_uppercase().as_str());
    is_proxy
        || PLATFORM_NAMES.contains(&name)
        || PLATFORM_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !is_given(name)
}

/// Whether a variable looks like the platform's own, but has to be given, as `GITHUB_TOKEN` has.
fn is_given(name: &str) -> bool {
    is_secret_name(name) || name.ends_with("_PAT")
}

/// Whether a variable is a library setting.
pub(super) fn is_library(name: &str) -> bool {
    LIBRARY_NAMES.contains(&name) || LIBRARY_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a written variable counts as a secret because of its name.
pub(super) fn is_secret_key(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with("_key") || name == "key"
}

/// Whether a variable counts as a secret because of its name.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name: String =
        name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    name.split('_').any(|word| SECRET_WORDS.contains(&word))
        || SECRET_PARTS.iter().any(|part| name.contains(part))
        || name.ends_with("_connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_by_name() {
        for name in [
            "password",
            "DB_PASSWORD",
            "api_token",
            "my_credentials",
            "openai_api_key",
            "aws_access_key_id",
            "cos_connection",
            "x_connection_string",
            "secret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["max_tokens", "tokenizer", "key", "connection_timeout", "secretary", "passwords_file", "monkey"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn library_settings_are_recognized_by_name() {
        for name in ["HF_HOME", "MPLBACKEND", "WANDB_DIR", "AWS_REGION", "GDAL_DATA", "TZ"] {
            assert!(is_library(name), "{name}");
        }
        for name in ["result", "hf_home", "HFX", "output_path", "SHARE"] {
            assert!(!is_library(name), "{name}");
        }
        assert!(is_secret_key("KAGGLE_KEY") && is_secret_key("ssh_key") && !is_secret_key("monkey"));
    }
}
