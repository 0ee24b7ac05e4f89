//! Places: where an expression leads, in the file system or on the internet, as far as the source says.

/// Where an expression leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into the path in an input.
    Input(String),
    /// To a path that begins with this text.
    Text(String),
}

/// Whether a text is an internet address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let rest = ["https://", "http://", "ftp://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        !rest.starts_with(['{', '$'])
            && !["localhost", "127.", "0.0.0.0"].iter().any(|host| rest.starts_with(host))
    })
}
