//! The recipe of an image: what is set in its configuration, and where files stand in its build context.

use serde::Serialize;

/// Label that holds the component as JSON.
pub const COMPONENT_LABEL: &str = "io.claimed.c3.component";

/// Label that holds the version.
pub const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// Label that holds the base image.
pub const BASE_LABEL: &str = "org.opencontainers.image.base.name";

/// Label that holds the key of everything an image is made of, to find it again instead of rebuilding it.
pub const KEY_LABEL: &str = "io.claimed.c3.key";

/// User and group of every file of the operator, and of the operator itself.
pub const USER: (u32, u32) = (1001, 0);

/// Folder of the build context with the files that `pip install` reads.
pub const REQUIREMENTS: &str = "requirements";

/// Folder of the build context with the additional files.
pub const FILES: &str = "files";

/// Folder of the build context with the script and its entry point.
pub const OPERATOR: &str = "operator";

/// The configuration of an image, and what pip has to install in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipe {
    /// The working directory.
    pub working_dir: &'static str,
    /// The user and group, as `user:group`.
    pub user: String,
    /// Variables of the environment.
    pub environment: Vec<Named>,
    /// The entry point, word by word.
    pub command: Vec<String>,
    /// The image's labels.
    pub labels: Vec<Named>,
    /// The arguments of each `pip install`; requirement files are named by their places in the build context's folder.
    #[serde(skip)]
    pub installs: Vec<Vec<String>>,
}

/// A value with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}
