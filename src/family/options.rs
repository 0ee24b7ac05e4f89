//! Options of a family build.

use super::{Family, Member};

/// With or without CUDA.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithCuda {
    /// Without CUDA only.
    No,
    /// With CUDA only, where available.
    Yes,
    /// Both.
    Both,
}

/// Which images to build, and what to do with them.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is decided by itself")]
pub struct BuildOptions<'a> {
    /// The family.
    pub family: &'a Family,
    /// The images, each after its base.
    pub members: Vec<&'a Member>,
    /// Without CUDA, with it, or both.
    pub cuda: WithCuda,
    /// Registry and namespace in place of those in the file.
    pub repository: Option<String>,
    /// Images whose versions are raised without changes.
    pub raise: Vec<String>,
    /// Whether to test images before pushing.
    pub test: bool,
    /// Whether to push images with a known repository.
    pub push: bool,
    /// Whether to tag them `latest` too.
    pub latest: bool,
    /// Whether to write build contexts only.
    pub no_build: bool,
    /// Whether the build ignores caches.
    pub no_cache: bool,
}

impl BuildOptions<'_> {
    /// Whether an engine has to report which images exist.
    #[must_use]
    pub fn asks_engine(&self) -> bool {
        !self.no_build && self.members.iter().any(|member| !self.pushes(member))
    }

    /// The forms to build: without CUDA, with it, or both.
    #[must_use]
    pub fn forms(&self, member: &Member) -> Vec<bool> {
        match self.cuda {
            WithCuda::Yes if self.family.has_cuda(member) => vec![true],
            WithCuda::Both if self.family.has_cuda(member) => vec![false, true],
            WithCuda::Yes => Vec::new(),
            WithCuda::No | WithCuda::Both => vec![false],
        }
    }

    /// Whether an image is pushed.
    #[must_use]
    pub fn pushes(&self, member: &Member) -> bool {
        self.push && self.family.is_named(member, self.repository.as_deref())
    }
}
