//! The operator's files as layers: at the paths of a Dockerfile's `COPY`, with the same modes and owners.

use crate::context::{Content, Context};
use crate::recipe::USER;
use crate::recipe::{FILES, OPERATOR, REQUIREMENTS};

use super::layer::Entry;
use super::python::Access;

/// The owner of installed files.
pub(super) const ROOT: (u32, u32) = (0, 0);

/// The requirement files, as `COPY requirements/` leaves them.
pub(super) fn requirements(context: &Context, dir: &WorkingDir) -> Vec<Entry> {
    copied(context, REQUIREMENTS, ROOT, dir)
}

/// The additional files, and the script with its entry point: a layer each, if not empty.
pub(super) fn layers(context: &Context, dir: &WorkingDir) -> Vec<(String, Vec<Entry>)> {
    let layer = |folder: &str| {
        let what = format!("COPY --chown={}:{} {folder}/ /{}/", USER.0, USER.1, dir.path);
        (what, copied(context, folder, USER, dir))
    };
    [FILES, OPERATOR].map(layer).into_iter().filter(|(_, entries)| !entries.is_empty()).collect()
}

/// The working directory of an image, and its parents that the base doesn't have.
#[derive(Debug, Clone)]
pub(super) struct WorkingDir {
    /// Without a leading `/`.
    pub(super) path: String,
    /// The folders above it, top down.
    pub(super) above: Vec<(String, Access)>,
}

impl WorkingDir {
    /// The folders to create, as `mkdir -p`, `chown` and `chmod` leave them.
    fn folders(&self) -> impl Iterator<Item = Entry> {
        let folder = |path: &String, (mode, owner)| Entry { path: path.clone(), content: None, mode, owner };
        let above = self.above.iter().map(move |(path, access)| folder(path, *access));
        above.chain([folder(&self.path, (0o775, USER))])
    }
}

fn copied(context: &Context, folder: &str, owner: (u32, u32), dir: &WorkingDir) -> Vec<Entry> {
    let entry = |(path, content, mode): (&str, Option<&Content>, u32)| Entry {
        path: format!("{}/{path}", dir.path),
        content: content.cloned().map(Into::into),
        mode,
        owner,
    };
    let files: Vec<_> = context.below(folder).map(entry).collect();
    if files.is_empty() { files } else { dir.folders().chain(files).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context;
    use crate::engine::oci::python::SYSTEM;

    #[test]
    fn files_are_placed_as_by_the_dockerfile() {
        let file = |path: &str, executable| context::Entry {
            path: path.to_owned(),
            content: Content::Bytes(Vec::new()),
            executable,
        };
        let files =
            [file("files/data/run.sh", true), file("operator/x.py", false), file("x.Dockerfile", false)];
        let context = Context::new(files, 0).unwrap();
        let dir =
            WorkingDir { path: "opt/app-root/src".into(), above: vec![("opt/app-root".into(), SYSTEM)] };
        let shown = |entries: &[Entry]| -> Vec<_> {
            entries.iter().map(|entry| format!("{:o} {} {}", entry.mode, entry.owner.0, entry.path)).collect()
        };
        let layers = layers(&context, &dir);
        assert_eq!(layers.len(), 2);
        let above = ["755 0 opt/app-root", "775 1001 opt/app-root/src"];
        let data = ["775 1001 opt/app-root/src/data", "775 1001 opt/app-root/src/data/run.sh"];
        assert_eq!(shown(&layers[0].1), [above, data].concat());
        assert_eq!(shown(&layers[1].1)[2..], ["664 1001 opt/app-root/src/x.py"]);
        assert!(requirements(&context, &dir).is_empty());
    }
}
