//! stub
#[derive(Debug, thiserror::Error)]
#[error("bad")]
pub struct NameError;
impl NameError { pub fn hint(&self) -> Option<String> { None } }
pub fn operator_name(stem: &str) -> Result<String, NameError> { Ok(stem.to_lowercase().replace('_', "-")) }
